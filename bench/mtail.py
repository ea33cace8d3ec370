"""mtail, the peer: where to get it, and templates as one of its programs.

mtail has no state and names no cause, so its program can only do a part of the work. Two are written:

* `Program.COUNTS` takes the fields and counts: the least that can be asked of it;
* `Program.EVENTS` also takes the component, the thread and the time of each message, as the exporter does;
* `Program.NESTED` does so in the way of mtail's own examples: an outer pattern takes the time of every line, and what
  stands inside it is tried for what the line says.

Patterns are anchored, hold no alternatives that the log does not need, and stop at the first that fits. Each of these
makes mtail faster than a program that is written without care.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from exporter.events.messages import Message
from exporter.events.templates import Template
from tests.alerts.prometheus3 import LackingError, archive

TOOLS: Final = Path(__file__).resolve().parent.parent / ".tools" / "mtail"
_BLANK: Final = r"[ \t\r\n~]{1,64}+"
_STAMP: Final = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{3} \d{4}"
SUFFIX: Final = rf"  \$\$<(?P<component>[^<>]+)><(?P<stamp>{_STAMP})[^<>]*><thread=(?P<thread>\d+)"
_TIME: Final = 'strptime($stamp, "Mon Jan 02 15:04:05.000 2006")'
_COUNTS: Final = "counter events_total by name\n"
_DETAILS: Final = "gauge last_seen by name, component\ngauge last_thread by name\n"
_STATUS: Final = (
    r'STATMSG: ID=(?P<id>\d+) SEV=(?P<severity>\w) .*COMP="(?P<reporter>[^"]*)" SYS=(?P<system>\S+) SITE=(?P<site>\w+) '
    r'.*ISTR0="(?P<istr0>.*)" ISTR1=.*"'
)


class Program(StrEnum):
    """How much a program asks of mtail."""

    COUNTS = "counts"
    EVENTS = "events"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Mtail:
    """One mtail to run."""

    name: str
    path: Path


def find(*, download: bool) -> list[Mtail]:
    """Return the machine's own mtail and Debian sid's, as far as they can be had."""
    found = []
    own = shutil.which("mtail")
    if own:
        found.append(_named(Path(own)))
    newer = TOOLS / "usr" / "bin" / "mtail"
    if not newer.exists() and download:
        _download()
    if newer.exists():
        found.append(_named(newer))
    return found


def _named(path: Path) -> Mtail:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"version (\S+)", said)
    return Mtail(f"mtail {version[1] if version else '?'}", path)


def _download() -> None:
    """Unpack Debian sid's mtail beside the system, whose own package sources are left alone."""
    if shutil.which("apt-get") is None:
        return
    try:
        address = archive()
    except LackingError as error:
        print(f"Debian sid's mtail cannot be had; going on without it: {error}")
        return
    lists, cache = TOOLS / "lists", TOOLS / "cache"
    for folder in (lists / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    source = TOOLS / "sid.list"
    source.write_text(f"deb [signed-by={keys}] {address} sid main\n", encoding="utf-8")
    settings = {"Etc::sourcelist": source, "Etc::sourceparts": "/dev/null", "State::lists": lists, "Cache": cache}
    options = [word for name, value in settings.items() for word in ("-o", f"Dir::{name}={value}")]
    for command in (["update"], ["download", "mtail"]):
        done = subprocess.run(
            ["apt-get", "-qq", *options, *command], cwd=TOOLS, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"Debian sid's mtail cannot be had; going on without it: {done.stderr.strip()}")
            return
    for package in TOOLS.glob("mtail_*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, TOOLS], check=True)


def program(messages: Iterable[Message], kind: Program, *, status: bool = True) -> str:
    """Write a program that knows these messages, the most specific first, as the exporter tries them."""
    wordings = sorted(
        ((message.name, template) for message in messages for template in message.templates),
        key=lambda wording: (-wording[1].weight, wording[0]),
    )
    rules = [_rule(name, expression(template), kind) for name, template in wordings]
    if status:
        rules.insert(0, _rule("status_message", _STATUS, kind))
    text = "\n".join(rules)
    if kind is Program.COUNTS:
        return f"{_COUNTS}{text}"
    if kind is Program.EVENTS:
        return f"{_COUNTS}{_DETAILS}{text}"
    return f"{_COUNTS}{_DETAILS}counter lines_total\n/{SUFFIX}/ {{\n  {_TIME}\n  lines_total++\n{text}\n}}\n"


def _rule(name: str, text: str, kind: Program) -> str:
    body = [f'events_total["{name}"]++']
    if kind is not Program.COUNTS:
        body += [f'last_seen["{name}"][$component] = timestamp()', f'last_thread["{name}"] = $thread']
    if kind is Program.EVENTS:
        body.insert(0, _TIME)
    lines = "\n".join(f"  {line}" for line in [*body, "stop"])
    end = SUFFIX if kind is Program.EVENTS else r"  \$\$<"
    pattern = f"^~?{text}[.~ ]*{end}".replace("/", r"\/")
    return f"/{pattern}/ {{\n{lines}\n}}\n"


def expression(template: Template) -> str:
    """Translate a template's expression to RE2's syntax, with only what the benchmark's log needs: it is cheaper."""
    text = template.expression.removesuffix(r"\Z").replace(_BLANK, " ").replace("(?>", "(?:")
    text = text.replace("|<[^<>\\n]{1,80}>", "").replace("|PackageID|PKGID", "")
    return text.replace("['\u2019]", "'").replace(r"\~", "~").replace('\\"', '"').replace("\\'", "'")


def command(mtail: Mtail, programs: Path, log: Path) -> Sequence[str | Path]:
    """Return the command that reads a log once and prints the counts as JSON."""
    return [mtail.path, "--progs", programs, "--logs", log, "--one_shot", "--logtostderr", "--address", "127.0.0.1",
            "--port", "0"]  # fmt: skip


def counts(output: bytes) -> dict[str, int]:
    """Return how often mtail found each message."""
    values = json.loads(output)["events_total"][0].get("LabelValues", [])
    return {value["Labels"][0]: value["Value"]["Value"] for value in values}
