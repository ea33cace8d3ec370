"""Makes the rule files and the list of alerts from thresholds.yml and source/*.yml.

    python -m alerts.build
    python -m alerts.build --thresholds my.yml --runbooks https://wiki/configmgr --out /etc/prometheus/rules

Prometheus knows no variables. Here a threshold stands once, with the reason for it, and is put wherever a rule, a
description or a page names it.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.replication.win32 import in_words

HERE: Final = Path(__file__).resolve().parent
THRESHOLDS: Final = HERE / "thresholds.yml"
RECORDING: Final = "recording.rules.yml"
ALERTS: Final = "alerts.rules.yml"
PAGE: Final = "docs/alerts.md"

_WIDTH: Final = 108
_TIME: Final = "2006-01-02 15:04 UTC"  # the layout in which Go writes a time
_PLACEHOLDER: Final = re.compile(r"\$\{([\w.]+)\}")
_DURATION: Final = re.compile(r"(?:\d+(?:ms|[smhdw]))+")
_UNIT: Final = re.compile(r"(\d+)(ms|[smhdw])")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_UNIT_WORDS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
# What a file server, a share or a disk answers a site server. Other codes are shown as numbers.
_WIN32_CODES: Final = (2, 3, 5, 32, 53, 64, 67, 112, 1326)
_SEVERITIES: Final = ("critical", "warning", "info")


class BuildError(Exception):
    """The sources do not make rules; the text says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number and the reason for it."""

    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All thresholds.

    Attributes:
        common: those of all rules, by name.
        alerts: those of each alert, by the alert's name and their own.
    """

    common: Mapping[str, Threshold]
    alerts: Mapping[str, Mapping[str, Threshold]]


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


def seconds_of(duration: str) -> float:
    """Return how long a duration of Prometheus is.

    Raises:
        BuildError: it is none.
    """
    if not _DURATION.fullmatch(duration):
        raise BuildError(f"{duration!r} is not a duration: write it as 90s, 15m, 2h or 7d")
    return sum(int(number) * _SECONDS[unit] for number, unit in _UNIT.findall(duration))


def words_of(duration: str) -> str:
    """Return a duration in words: in the largest unit that gives a whole number."""
    seconds = seconds_of(duration)
    fits = ((size, unit) for size, unit in _UNIT_WORDS if seconds >= size and seconds % size == 0)
    size, unit = next(fits, (1, "second"))
    count = seconds / size
    return f"{count:g} {unit}" + ("" if count == 1 else "s")


def load_thresholds(path: Path = THRESHOLDS) -> Thresholds:
    """Read thresholds.

    Raises:
        BuildError: the file cannot be read, or one of them has no value or no reason.
    """
    data = _load(path)
    return Thresholds(
        _thresholds(data.get("common"), "common"),
        {alert: _thresholds(values, alert) for alert, values in data.get("alerts", {}).items()},
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BuildError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise BuildError(f"{path} does not hold what it should")
    return data


def _thresholds(data: object, where: str) -> dict[str, Threshold]:
    if not isinstance(data, dict):
        raise BuildError(f"{where}: give thresholds, each with `value` and `why`")
    found = {}
    for name, entry in data.items():
        if not isinstance(entry, dict) or entry.keys() != {"value", "why"} or not entry["why"]:
            raise BuildError(f"{where}: {name}: give `value` and `why`, and nothing else")
        found[name] = Threshold(str(entry["value"]), str(entry["why"]).strip())
    return found


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
    recording, alerts = _load(source / "recording.yml"), _load(source / "alerts.yml")
    common = _Scope(thresholds.common)
    words = {"win32": _win32_words(), "time": _TIME, **alerts["words"]}
    recorded = [_recording_group(group, common) for group in recording["groups"]]
    built = [_alert_group(group, thresholds, words, common) for group in alerts["groups"]]
    _refuse_left_over(thresholds, {alert["alert"] for group in built for alert in group.rules}, common.used)
    return Rules(_file("recording.yml", recorded), _file("alerts.yml", built), _page(built, thresholds))


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


_PAGE_HEAD: Final = """# Alerts

<!-- Made by `python -m alerts.build`: change alerts/thresholds.yml or alerts/source/ instead. -->

What each alert says, how urgent it is, and why its numbers are what they are. How to load the rules, to change a
number, and to route what they tell is in [Prometheus and Alertmanager](prometheus.md).

`critical` pages a person now; `warning` makes a ticket; `info` is for whoever looks. Each name leads to its runbook.

| Alert | Severity | After | What it says |
| --- | --- | --- | --- |
"""


def _page(groups: Sequence[_Group], thresholds: Thresholds) -> str:
    alerts = [rule for group in groups for rule in group.rules]
    rows = (
        f"| [{alert['alert']}](runbooks/{alert['alert']}.md) | {alert['labels']['severity']} | {alert['for']} "
        f"| {alert['annotations']['summary']} |\n"
        for alert in alerts
    )
    return "".join([_PAGE_HEAD, *rows, *_reasons(alerts, thresholds)])


def _reasons(alerts: Sequence[Mapping[str, Any]], thresholds: Thresholds) -> Iterator[str]:
    yield "\n## Why these numbers\n"
    for alert in alerts:
        yield f"\n### {alert['alert']}\n\n"
        for name, threshold in thresholds.alerts[alert["alert"]].items():
            yield f"- `{name}`: **{threshold.value}**. {threshold.why}\n"
    yield "\n### Common to all\n\n"
    yield from (f"- `{name}`: **{each.value}**. {each.why}\n" for name, each in thresholds.common.items())


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files. Without `--out`, those of this checkout and the page that lists the alerts."""
    parser = argparse.ArgumentParser(prog="python -m alerts.build", description="Make the rule files.")
    parser.add_argument("--thresholds", type=Path, default=THRESHOLDS, help="your own copy of alerts/thresholds.yml")
    parser.add_argument("--runbooks", help="where docs/runbooks/ is published, instead of the threshold of that name")
    parser.add_argument("--dashboards", help="root of your Grafana, instead of the threshold of that name")
    parser.add_argument("--out", type=Path, help="folder for the two rule files")
    options = parser.parse_args(arguments)
    try:
        thresholds = load_thresholds(options.thresholds)
        links = {name: value for name in ("runbooks", "dashboards") if (value := getattr(options, name))}
        rules = build(with_common(thresholds, links))
    except BuildError as error:
        sys.exit(f"alerts.build: {error}")
    folder = options.out or HERE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORDING).write_text(rules.recording, encoding="utf-8")
    (folder / ALERTS).write_text(rules.alerts, encoding="utf-8")
    if options.out is None:
        (HERE.parent / PAGE).write_text(rules.page, encoding="utf-8")


def with_common(thresholds: Thresholds, values: Mapping[str, str]) -> Thresholds:
    """Return thresholds with other values of common ones."""
    changed = {name: Threshold(value.rstrip("/"), thresholds.common[name].why) for name, value in values.items()}
    return Thresholds({**thresholds.common, **changed}, thresholds.alerts)


if __name__ == "__main__":
    main()
