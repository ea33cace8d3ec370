"""Makes the rule files and the list of alerts from thresholds.yml and source/*.yml.

    python -m alerts.build
    python -m alerts.build --thresholds my.yml --runbooks https://wiki/configmgr --out /etc/prometheus/rules
    python -m alerts.build --faster 60 --out /tmp/drill

Prometheus knows no variables. Here a threshold stands once, with the reason for it, and is put wherever a rule, a
description or a page names it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from alerts.faster import faster_routes, faster_thresholds
from alerts.page import page
from alerts.thresholds import (
    THRESHOLDS,
    BuildError,
    Threshold,
    Thresholds,
    load_thresholds,
    load_yaml,
    seconds_of,
    with_common,
    words_of,
)
from exporter.replication.win32 import in_words

HERE: Final = Path(__file__).resolve().parent
RECORDING: Final = "recording.rules.yml"
ALERTS: Final = "alerts.rules.yml"
PAGE: Final = "docs/alerts.md"
ROUTES: Final = "alertmanager.yml"

_WIDTH: Final = 108
_TIME: Final = "2006-01-02 15:04 UTC"  # the layout in which Go writes a time
_PLACEHOLDER: Final = re.compile(r"\$\{([\w.]+)\}")
# What a file server, a share or a disk answers a site server. Other codes are shown as numbers.
_WIN32_CODES: Final = (2, 3, 5, 32, 53, 64, 67, 112, 1326)
_SEVERITIES: Final = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is built.

    Attributes:
        recording: text of the file of recording rules.
        alerts: text of the file of alerting rules.
        page: text of the page that lists the alerts.
    """

    recording: str
    alerts: str
    page: str


@dataclass
class _Scope:
    """What placeholders stand for at one place; `used` collects the names that were asked for."""

    thresholds: Mapping[str, Threshold]
    words: Mapping[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def fill(self, text: str) -> str:
        """Put values in the place of placeholders; words may hold placeholders in their turn."""
        return _PLACEHOLDER.sub(lambda hit: self._value(hit.group(1)), text)

    def _value(self, key: str) -> str:
        name, _, form = key.partition(".")
        if not form and name in self.words:
            return self.fill(self.words[name])
        if name not in self.thresholds:
            raise BuildError(f"${{{key}}} is neither a threshold nor a word")
        self.used.add(name)
        return _FORMS[form](self.thresholds[name].value)


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "": str,
    "seconds": lambda value: f"{seconds_of(value):g}",
    "words": words_of,
}


def _win32_words() -> str:
    """Return the template that turns a code, the value of the first sample of the dot, into words."""
    first, *others = (f'if eq $code "{code}" }}}}{in_words(code)} (Win32 error {code}){{{{' for code in _WIN32_CODES)
    chain = "".join(f" else {other}" for other in others)
    code = '{{ $code := . | first | value | printf "%.0f" }}'
    return f"{code}{{{{ {first}{chain} else }}}}Win32 error {{{{ $code }}}}{{{{ end }}}}"


def build(thresholds: Thresholds, source: Path = HERE / "source") -> Rules:
    """Make the rules.

    Args:
        thresholds: the numbers.
        source: the folder of recording.yml and alerts.yml.

    Raises:
        BuildError: the sources and the thresholds do not fit each other.
    """
    recording, alerts = load_yaml(source / "recording.yml"), load_yaml(source / "alerts.yml")
    common = _Scope(thresholds.common)
    words = {"win32": _win32_words(), "time": _TIME, **alerts["words"]}
    recorded = [_recording_group(group, common) for group in recording["groups"]]
    built = [_alert_group(group, thresholds, words, common) for group in alerts["groups"]]
    _refuse_left_over(thresholds, {alert["alert"] for group in built for alert in group.rules}, common.used)
    return Rules(
        _file("recording.yml", recorded),
        _file("alerts.yml", built),
        page([rule for group in built for rule in group.rules], thresholds),
    )


def _refuse_left_over(thresholds: Thresholds, alerts: set[str], used: set[str]) -> None:
    left = sorted(thresholds.alerts.keys() - alerts) + sorted(thresholds.common.keys() - used)
    if left:
        raise BuildError(f"thresholds that nothing uses: {', '.join(left)}")


@dataclass(frozen=True, slots=True)
class _Group:
    """A group of rules; `notes` holds the comment of each rule."""

    name: str
    interval: str
    rules: Sequence[Mapping[str, Any]]
    notes: Sequence[str]


def _recording_group(group: Mapping[str, Any], scope: _Scope) -> _Group:
    rules = [{"record": rule["record"], "expr": scope.fill(rule["expr"]).strip()} for rule in group["rules"]]
    return _Group(
        group["name"], scope.fill(group["interval"]), rules, [scope.fill(rule["why"]) for rule in group["rules"]]
    )


def _alert_group(group: Mapping[str, Any], thresholds: Thresholds, words: Mapping[str, str], common: _Scope) -> _Group:
    rules, notes = [], []
    for alert in group["alerts"]:
        name = alert["alert"]
        own = thresholds.alerts.get(name, {})
        scope = _Scope({**thresholds.common, **own}, words)
        rules.append(_alert(alert, scope))
        unused = own.keys() - scope.used
        if unused:
            raise BuildError(f"{name}: thresholds that nothing uses: {', '.join(sorted(unused))}")
        common.used |= scope.used
        notes.append("\n".join(f"{key} {each.value}: {each.why}" for key, each in own.items()))
    return _Group(group["name"], common.fill("${interval}"), rules, notes)


def _alert(alert: Mapping[str, Any], scope: _Scope) -> dict[str, Any]:
    if alert["severity"] not in _SEVERITIES:
        raise BuildError(f"{alert['alert']}: {alert['severity']!r} is not one of {', '.join(_SEVERITIES)}")
    if "for" not in scope.thresholds:
        raise BuildError(f"{alert['alert']}: thresholds.yml does not say for how long (`for`)")
    times = {key: scope.fill(f"${{{key}}}") for key in ("for", "keep_firing_for") if key in scope.thresholds}
    steps = (f"{number}. {scope.fill(step)}" for number, step in enumerate(alert["remedy"], 1))
    return {
        "alert": alert["alert"],
        "expr": scope.fill(alert["expr"]).strip(),
        **times,
        "labels": {"severity": alert["severity"]},
        "annotations": {
            "summary": alert["summary"],
            "description": scope.fill(alert["description"]),
            "remedy": "\n".join(steps),
            "runbook_url": scope.fill(f"${{runbooks}}/{alert['alert']}.md"),
            "dashboard_url": scope.fill(f"${{dashboards}}/d/{alert['dashboard']}"),
        },
    }


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it is, and a long line folded."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > _WIDTH else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _file(source: str, groups: Sequence[_Group]) -> str:
    return "".join(_file_lines(source, groups))


def _file_lines(source: str, groups: Sequence[_Group]) -> Iterator[str]:
    yield f"# Made by `python -m alerts.build` from source/{source} and thresholds.yml: change those.\n\ngroups:\n"
    for number, group in enumerate(groups):
        yield ("\n" if number else "") + f"  - name: {group.name}\n    interval: {group.interval}\n    rules:\n"
        for place, (rule, note) in enumerate(zip(group.rules, group.notes, strict=True)):
            yield "\n" if place else ""
            for line in note.splitlines():
                yield from (f"      # {part}\n" for part in textwrap.wrap(line, _WIDTH, subsequent_indent="  "))
            text = yaml.dump(dict(rule), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
            first, *others = text.splitlines(keepends=True)
            yield f"      - {first}"
            yield from (f"        {line}" if line.strip() else line for line in others)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files. Without `--out`, those of this checkout and the page that lists the alerts."""
    parser = argparse.ArgumentParser(prog="python -m alerts.build", description="Make the rule files.")
    parser.add_argument("--thresholds", type=Path, default=THRESHOLDS, help="your own copy of alerts/thresholds.yml")
    parser.add_argument("--runbooks", help="where docs/runbooks/ is published, instead of the threshold of that name")
    parser.add_argument("--dashboards", help="root of your Grafana, instead of the threshold of that name")
    parser.add_argument("--out", type=Path, help="folder for the two rule files")
    parser.add_argument(
        "--faster",
        type=float,
        metavar="N",
        help="divide every duration by N, those of alertmanager.yml too",
    )
    options = parser.parse_args(arguments)
    if options.faster is not None and (options.faster <= 0 or options.out is None):
        parser.error("--faster wants a number above 0, and --out: what is shipped keeps its durations")
    try:
        thresholds = load_thresholds(options.thresholds)
        links = {name: value for name in ("runbooks", "dashboards") if (value := getattr(options, name))}
        thresholds = with_common(thresholds, links)
        rules = build(faster_thresholds(thresholds, options.faster) if options.faster else thresholds)
    except BuildError as error:
        sys.exit(f"alerts.build: {error}")
    folder = options.out or HERE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORDING).write_text(rules.recording, encoding="utf-8")
    (folder / ALERTS).write_text(rules.alerts, encoding="utf-8")
    if options.faster:
        write_routes(folder, options.faster)
    if options.out is None:
        (HERE.parent / PAGE).write_text(rules.page, encoding="utf-8")


def write_routes(folder: Path, faster: float) -> None:
    """Write Alertmanager's configuration with divided durations, its templates beside it."""
    routes = faster_routes(load_yaml(HERE / ROUTES), faster)
    (folder / ROUTES).write_text(yaml.safe_dump(routes, sort_keys=False, allow_unicode=True), encoding="utf-8")
    shutil.copytree(HERE / "templates", folder / "templates", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
