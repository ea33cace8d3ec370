"""Every call of the program, wherever one stands, names commands and options that there are: on Windows' pages too."""

import json
import re
import shlex
from collections.abc import Iterator

import click
import pytest

from exporter.cli import cli
from tests.docs.fences import PAGES, ROOT, fences
from tests.install.windows.test_install_script import faults
from tests.test_project import tracked_files

_IN_LINE = re.compile(r"`([^`\n]+)`")
_FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# The name alone, in a folder of programs, or as Windows ends it; not the folder of that name.
_PROGRAM = r"(?:(?:^|[\s'\"]|bin/|Scripts\\)configmgr-exporter|(?<=[\\/\s'\"])configmgr-exporter\.exe)['\"]?"
_CALL = re.compile(_PROGRAM + r"((?: [^|;&<>#\n]*)?)(?=$|[|;&<>#\n])", re.MULTILINE)
_SCRIPTS = {".ps1", ".service", ".sh", ".yml", ".yaml", ".bat"}
_OF_OTHERS = {"--web.enable-remote-write-receiver"}
# Words that stand for more than one thing in a text about a call.
_ELLIPSES = {"...", "[...]", "…"}


def written_calls() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        code = [*_FENCED.findall(text), *_IN_LINE.findall(_FENCED.sub("", text))]
        yield from ((str(page.relative_to(ROOT)), call) for part in code for call in calls(part))
    for path in tracked_files():
        if path.suffix in _SCRIPTS:
            text = path.read_text(encoding="utf-8")
            yield from ((str(path.relative_to(ROOT)), call) for call in calls(text))
    for words in re.findall(r"CMD (\[.+\])", (ROOT / "Dockerfile").read_text(encoding="utf-8")):
        yield "Dockerfile", shlex.join(word for word in json.loads(words) if word != "configmgr-exporter")


def helped_calls() -> Iterator[tuple[str, str]]:
    for name, command in every(cli):
        text = command.get_help(click.Context(command, terminal_width=500, max_content_width=500))
        yield from ((f"{name} --help", call) for call in calls(text, own_lines=True))


def every(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    yield above or "configmgr-exporter", group
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from every(command, f"{above} {name}".strip())
        else:
            yield f"{above} {name}".strip(), command


def calls(text: str, *, own_lines: bool = False) -> Iterator[str]:
    """Find the calls in code: what follows the name of the program, up to where the shell would end it."""
    text = re.sub(r" *[\\`]\n\s*", " ", text)
    for match in _CALL.finditer(text):
        words = match[1].strip()
        if words[:1] in {".", "/"}:
            continue  # it is what another program is told about
        if own_lines and text[: match.start() + 1].rpartition("\n")[2].strip():
            continue  # in the middle of a sentence
        yield re.split(r"\s{3,}", words)[0]


def fault(call: str) -> str:
    """Say what is wrong with a call, or ""."""
    words = [word for word in shlex.split(call.replace("\\", "\\\\")) if word not in _ELLIPSES]
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return f"no such command: {words[0]}"
        command, words = found, words[1:]
    try:
        command.make_parser(click.Context(command, **command.context_settings)).parse_args(words)
    except click.UsageError as error:
        return error.format_message()
    return ""


def test_calls_are_found_where_they_stand() -> None:
    places = {place for place, _ in [*written_calls(), *helped_calls()]}
    assert {"README.md", "docs/install.md", "docs/quick-start.md", "explain --help"} <= places
    assert len([*written_calls()]) > 30


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("configmgr-exporter explain CHI=D:\\SMS\\Logs | more", ["explain CHI=D:\\SMS\\Logs"]),
        ("$ configmgr-exporter run \\\n    --state.dir X CHI=Y", ["run --state.dir X CHI=Y"]),
        (r"C:\configmgr-exporter\Scripts\configmgr-exporter.exe check", ["check"]),
        ("/var/lib/configmgr-exporter/x configmgr-exporter.db", []),
        ("configmgr-exporter explain X   what is stuck", ["explain X"]),
        ("docker build --tag configmgr-exporter .", []),
    ],
)
def test_call_is_told_from_what_is_around_it(code: str, found: list[str]) -> None:
    assert list(calls(code)) == found


@pytest.mark.parametrize(
    ("call", "word"),
    [("explian X", "explian"), ("run --state.folder X", "--state.folder"), ("run --state.dir", "--state.dir")],
)
def test_wrong_call_is_found(call: str, word: str) -> None:
    assert word in fault(call)


def test_calls_name_commands_and_options_that_there_are() -> None:
    faults = {(place, call): fault(call) for place, call in [*written_calls(), *helped_calls()]}
    assert {key: value for key, value in faults.items() if value} == {}


def test_long_options_in_line_belong_to_some_command() -> None:
    known = {option for _, command in every(cli) for parameter in command.params for option in parameter.opts}
    strange = set()
    for page in PAGES:
        text = _FENCED.sub("", page.read_text(encoding="utf-8"))
        named = re.findall(r"`(--(?:web|config|state|log|textfile)\.[\w.-]+)", text)
        strange |= {(page.name, option) for option in named if option not in known | _OF_OTHERS}
    assert strange == set()


def test_powershell_of_the_pages_can_be_read() -> None:
    scripts = [fence for page in PAGES for fence in fences(page) if fence.language == "powershell"]
    assert scripts
    wrong = [(fence.page, fence.line + line - 1) for fence in scripts for line in faults(plain(fence.text))]
    assert wrong == []


def plain(script: str) -> bytes:
    """The grammar of tree-sitter does not know the dots in options of programs, which PowerShell passes on."""
    return re.sub(r"(?<= --)(\w+)\.", r"\1-", script).encode()
