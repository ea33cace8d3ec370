"""docs/messages/: a page for each log, and how well its messages are backed, made from the catalogue.

`python -m exporter.events.docs docs/messages` writes the pages anew.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from exporter.events.loader import Catalogue, load_catalogue
from exporter.events.messages import Certainty, Era, Message, MessageKind, StatusMessage

INDEX: Final = "index.md"
STATUS_MESSAGES: Final = "status-messages.md"

_MADE: Final = """\
<!-- Made by `python -m exporter.events.docs docs/messages`: change exporter/events/catalogue/ instead. -->
"""

_INDEX_TEXT: Final = """\
All lines that the exporter knows, by the log that they stand in. Logs that nobody described here can be read with
[templates of your own](../adding-a-message.md#messages-of-your-own).

*Real excerpt* counts the messages that stand in a log excerpt which is part of the tests. *Confirmed* counts those
whose source shows the line as it is written.
"""

_STATUS_TEXT: Final = """\
A component reports a status message with a line that begins with `STATMSG:`, in its own log. Every such line is counted
by number and severity, whatever its number, and gives an event `status_message`. Those below have a name and a meaning
here, which the [dashboard of a site](../dashboards.md) shows. Where one *names the
package*, its first insertion string is the package's name, which is learnt from it.

*Confirmed* are those whose source gives the number with the product's own words; *inferred* those whose meaning follows
from the lines around one in a log, or from a table in other people's words; *unconfirmed* is one that no source was
found for. Some stand *in a real excerpt* of a log that is part of the tests.
"""


class _Log(NamedTuple):
    """A log, for people: what writes it, and what it tells."""

    title: str
    text: str


_LOGS: Final[Mapping[str, _Log]] = {
    "distmgr": _Log(
        "distmgr.log",
        "The distribution manager stores the definitions of packages and task sequences, takes snapshots of their "
        "sources, and sends both to the sites below. A task sequence that is blocked is seen only here, at the site "
        "that cannot store it; why the missing package did not come is seen here at the site that owns it.",
    ),
    "sched": _Log(
        "sched.log",
        "The scheduler makes send requests out of the jobs of other components, one for each site that gets something, "
        "and gives up a job that it cannot send. It runs at the site that sends.",
    ),
    "sender": _Log(
        "sender.log",
        "The sender carries the files of send requests to other sites, and puts a site aside for a while when it "
        "cannot connect. It runs at the site that sends.",
    ),
    "despool": _Log(
        "despool.log",
        "The despooler unpacks what senders of other sites have left, hands definitions to the distribution manager, "
        "and stores content. It runs at the site that receives.",
    ),
    "replmgr": _Log(
        "replmgr.log",
        "The replication manager passes files between the components of a site and the scheduler, in both directions.",
    ),
    "hman": _Log(
        "hman.log",
        "The hierarchy manager keeps the site's own place in the hierarchy, and since 2012 the package with the "
        "client's files.",
    ),
    "pkgxfermgr": _Log(
        "pkgxfermgr.log",
        "The package transfer manager brings content to distribution points. It exists since 2012; what fails here "
        "keeps content from a distribution point, and never a definition from a site.",
    ),
    "common": _Log(
        "Any log",
        "These lines are written by more than one component; the component that wrote a line stands in its stamp.",
    ),
}

_KINDS: Final[Mapping[MessageKind, str]] = {
    MessageKind.ROOT_CAUSE: "Root causes",
    MessageKind.ERROR: "Errors",
    MessageKind.RETRY: "What is tried again later",
    MessageKind.SUCCESS: "Successes",
    MessageKind.START: "Where something begins",
    MessageKind.PROGRESS: "Steps",
    MessageKind.INFO: "Further facts",
}

_ERAS: Final[Mapping[Era, str]] = {
    Era.SMS1: "SMS 1.x",
    Era.SMS2: "SMS 2.0",
    Era.SMS2003: "SMS 2003",
    Era.CM2007: "ConfigMgr 2007",
    Era.CM2012: "ConfigMgr 2012",
    Era.CURRENT_BRANCH: "Current Branch",
}

_CERTAINTIES: Final[Mapping[Certainty, str]] = {
    Certainty.CONFIRMED: "confirmed: the source shows the line",
    Certainty.INFERRED: "inferred: it follows from other lines",
    Certainty.UNCONFIRMED: "unconfirmed, so no line is compared with it",
}


def pages(catalogue: Catalogue) -> dict[str, str]:
    """Return the pages of docs/messages/ by file name."""
    logs = _by_log(catalogue)
    made = {f"{log}.md": _log_page(log, messages) for log, messages in logs.items()}
    made[STATUS_MESSAGES] = _status_page(catalogue.status_messages.values())
    made[INDEX] = _index(catalogue, logs)
    return made


def _by_log(catalogue: Catalogue) -> dict[str, list[Message]]:
    """Return the messages by log, in the order in which the logs are described."""
    return {log: [message for message in catalogue.messages if message.log == log] for log in _LOGS}


def _log_page(log: str, messages: Sequence[Message]) -> str:
    usual = Counter(message.components for message in messages).most_common(1)[0][0]
    written = f"Written by {_components(usual)}. " if usual else ""
    head = [f"# Messages of {_LOGS[log].title}\n" if log != "common" else "# Messages of any log\n", _MADE]
    head += [f"{_LOGS[log].text}\n", f"{written}{_READING}\n"]
    return "\n".join([*head, *_contents(messages), *(_entry(message, usual) for message in messages)])


_READING: Final = (
    "In a wording, `{type:field}` is a value that is kept, as [types of placeholders](../adding-a-message.md"
    "#placeholders) describe; `_` is one that is not."
)


def _contents(messages: Sequence[Message]) -> Iterator[str]:
    yield "| Says | Messages |"
    yield "| --- | --- |"
    for kind, title in _KINDS.items():
        names = [f"[{message.name}](#{message.name})" for message in messages if message.kind is kind]
        if names:
            yield f"| {title} | {', '.join(names)} |"
    yield ""


def _entry(message: Message, usual: frozenset[str]) -> str:
    return "\n".join(_entry_lines(message, usual))


def _entry_lines(message: Message, usual: frozenset[str]) -> Iterator[str]:
    yield f"## `{message.name}`\n"
    yield "```text"
    yield from (template.text.strip() for template in message.templates)
    yield "```\n"
    yield f"{_plain(message.meaning)}\n"
    yield f"- Kind: {message.kind.value}"
    yield f"- Seen in: {', '.join(_ERAS[era] for era in message.eras)}"
    yield f"- Wording: {_CERTAINTIES[message.certainty]}"
    yield f"- Source: {', '.join(map(_source, message.sources)) or 'none is known'}"
    yield f"- Real excerpt: {f'`{message.seen}`' if message.seen else 'none'}"
    if message.components != usual:
        yield f"- Written by: {_components(message.components)}"
    if message.fields:
        yield f"- Fields: {', '.join(f'`{name}`' for name in message.fields)}"
    yield "\nExample:\n"
    yield "```text"
    yield message.example.strip()
    yield "```\n"


def _components(components: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(components)) or "any component"


def _source(source: str) -> str:
    return f"<{source}>" if source.startswith("http") else _plain(source)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is; backquotes are the catalogue's own mark for code."""
    for character in "*<|":
        text = text.replace(character, f"\\{character}")
    return text


def _status_page(messages: Iterable[StatusMessage]) -> str:
    parts = ["# Status messages\n", _MADE, _STATUS_TEXT]
    by_component = sorted(messages, key=lambda message: (message.component, message.number))
    for component, group in groupby(by_component, key=lambda message: message.component):
        parts += [
            f"## {component}\n",
            "| Number | Meaning and name | Kind | How it is known |",
            "| ---: | --- | --- | --- |",
        ]
        parts += [
            f"| {message.number} | {_plain(message.meaning)}{' Names the package.' if message.names_package else ''} "
            f"`{message.name}` | {message.kind.value} | {_known_from(message)} |"
            for message in group
        ]
        parts.append("")
    return "\n".join(parts)


def _known_from(message: StatusMessage) -> str:
    """Say in the width of a column how certain a status message is, and by what."""
    sources = [
        f"[{urlsplit(source).hostname}]({source})" if source.startswith("https://") else _plain(source)
        for source in message.sources
    ]
    return "; ".join([message.certainty.value, *sources, *(["in a real excerpt"] if message.seen else [])])


def _index(catalogue: Catalogue, logs: Mapping[str, Sequence[Message]]) -> str:
    head = [
        "# Messages\n",
        _MADE,
        _INDEX_TEXT,
        "| Log | Messages | Confirmed | Real excerpt |",
        "| --- | ---: | ---: | ---: |",
    ]
    rows = [f"| [{_LOGS[log].title}]({log}.md) | {_counts(messages)} |" for log, messages in logs.items()]
    rows.append(f"| All | {_counts(catalogue.messages)} |\n")
    rows.append(f"[Status messages]({STATUS_MESSAGES}) of any component: {len(catalogue.status_messages)} described.\n")
    return "\n".join([*head, *rows, *_coverage(catalogue, logs)])


def _counts(messages: Sequence[Message]) -> str:
    tests: tuple[Callable[[Message], bool], ...] = (
        lambda _: True,
        lambda message: message.certainty is Certainty.CONFIRMED,
        lambda message: bool(message.seen),
    )
    return " | ".join(str(sum(map(test, messages))) for test in tests)


def _coverage(catalogue: Catalogue, logs: Mapping[str, Sequence[Message]]) -> Iterator[str]:
    lacking = {message.name for message in catalogue.without_excerpt()}
    yield "## Without a real excerpt\n"
    yield (
        "The wording of these comes from a text that speaks of the line, or is cut off there: a part of it may be "
        "missing, and what stands before and after it in a real log is not known. Public repositories, documentation, "
        "the archive of the Knowledge Base, and stored forum and blog pages were searched for their fixed words, and "
        "hold no such line. A real excerpt of any of them would help.\n"
    )
    yield "| Log | Message | Wording |"
    yield "| --- | --- | --- |"
    for log, messages in logs.items():
        for message in messages:
            if message.name in lacking:
                link = f"[{message.name}]({log}.md#{message.name})"
                yield f"| {_LOGS[log].title} | {link} | {message.certainty.value} |"
    yield ""


def write(folder: Path) -> None:
    """Write the pages into a folder, and remove those of logs that are gone."""
    made = pages(load_catalogue())
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
