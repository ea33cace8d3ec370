"""Series held in memory, that answer the forms of question which the reader asks, and no others.

What Prometheus itself makes of the same questions is tested in test_stuck.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families as parse

from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.views import Snapshot
from exporter.prometheus.client import Sample

_SELECTOR = r"(\w*)\{((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\}"
_MATCHER = re.compile(r"(\w+)(=~|=)\"((?:[^\"\\]|\\.)*)\"")
_FORMS = {
    "plain": re.compile(_SELECTOR),
    "compared": re.compile(_SELECTOR + r" (>|==) 0"),
    "day": re.compile(r"last_over_time\(" + _SELECTOR + r"\[1d\]\)"),
    "gone": re.compile(r"last_over_time\(" + _SELECTOR + r"\[1d\]\) unless on \(([\w, ]+)\) " + _SELECTOR),
    "all": re.compile(r"(count|max)\(" + _SELECTOR + r"\)"),
    "age": re.compile(r"time\(\) - " + _SELECTOR + r" > (\d+)"),
}


def scraped(snapshot: Snapshot, **target: str) -> list[Sample]:
    """Return what Prometheus holds of one exporter after a scrape."""
    text = Exposition(lambda: snapshot, {}).page(Form.TEXT).decode()
    return [
        Sample({"__name__": sample.name, **sample.labels, **target}, float(sample.value))
        for family in parse(text)
        for sample in family.samples
    ]


def series(name: str, value: float = 1.0, **labels: str) -> Sample:
    return Sample({"__name__": name, **labels}, value)


@dataclass
class Held:
    """Answers questions.

    Attributes:
        now: the series at the moment that is asked for.
        earlier: those of the last day, besides.
        at: that moment, POSIX seconds.
        asked: the questions.
    """

    now: Sequence[Sample]
    earlier: Sequence[Sample] = ()
    at: float = 0.0
    asked: list[str] = field(default_factory=list)

    def __call__(self, expression: str) -> list[Sample]:
        self.asked.append(expression)
        (form, found), *others = [
            (form, found) for form, pattern in _FORMS.items() if (found := pattern.fullmatch(expression))
        ]
        assert not others
        return getattr(self, f"_{form}")(*found.groups())  # type: ignore[no-any-return]

    def _plain(self, name: str, matchers: str) -> list[Sample]:
        return _chosen(self.now, name, matchers)

    def _compared(self, name: str, matchers: str, sign: str) -> list[Sample]:
        found = _chosen(self.now, name, matchers)
        return [sample for sample in found if (sample.value > 0 if sign == ">" else sample.value == 0)]

    def _day(self, name: str, matchers: str) -> list[Sample]:
        return _chosen([*self.now, *self.earlier], name, matchers)

    def _gone(self, name: str, matchers: str, on: str, other: str, others: str) -> list[Sample]:
        labels = on.split(", ")
        here = {tuple(sample[label] for label in labels) for sample in self._plain(other, others)}
        return [sample for sample in self._day(name, matchers) if tuple(sample[label] for label in labels) not in here]

    def _all(self, which: str, name: str, matchers: str) -> list[Sample]:
        values = [sample.value for sample in self._plain(name, matchers)]
        return [Sample({}, len(values) if which == "count" else max(values))] if values else []

    def _age(self, name: str, matchers: str, least: str) -> list[Sample]:
        ages = [Sample(sample.labels, self.at - sample.value) for sample in self._plain(name, matchers)]
        return [age for age in ages if age.value > float(least)]


def _chosen(samples: Iterable[Sample], name: str, matchers: str) -> list[Sample]:
    wanted = [(label, sign, _text(value)) for label, sign, value in _MATCHER.findall(matchers)]
    wanted += [("__name__", "=", name)] if name else []
    assert wanted
    return [sample for sample in samples if all(_fits(sample[label], sign, value) for label, sign, value in wanted)]


def _fits(value: str, sign: str, wanted: str) -> bool:
    return value == wanted if sign == "=" else re.fullmatch(wanted, value) is not None


def _text(literal: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], literal)
