"""The page that lists the alerts, with the reason for each number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from alerts.thresholds import SCRAPE_INTERVAL, Thresholds, load_yaml, seconds_of, words_of
from exporter.config.schema import Defaults

PAGES: Final = "ConfigMgrTaskSequencesBlocked"
MEASURED: Final = Path(__file__).resolve().parent / "measured.json"
"""What the drill found, by how much faster it was: see alerts/drill/."""

_HEAD: Final = """# Alerts

<!-- Made by `python -m alerts.build`: change alerts/thresholds.yml or alerts/source/ instead. -->

What each alert says, how urgent it is, and why its numbers are what they are. How to load the rules, to change a
number, and to route what they tell is in [Prometheus and Alertmanager](prometheus.md).

`critical` pages a person now; `warning` makes a ticket; `info` is for whoever looks. Each name leads to its runbook.

| Alert | Severity | After | What it says |
| --- | --- | --- | --- |
"""


_TIMES: Final = """
## From the line to the page

With a scrape interval of {scrape}, as [recommended](prometheus.md#scrape), and the numbers below, for
{alert}:

| Step | Takes | Decided by |
| --- | --- | --- |
| the line is read | up to {read:g} s | `poll_interval` of the exporter |
| it is scraped | up to {scrape} | `scrape_interval` |
| a recording rule sees it | up to {rule} | `interval` |
| the alerting rule sees that | up to {rule} | `interval` |
| the alert fires | {wait} | `for` |
| Alertmanager sends the page | {group_wait} | `group_wait` |
| **the page, after the line** | **{page_least:.1f} to {page_most:.1f} minutes** | |
| the end is read, scraped and seen | up to {seen:.1f} minutes | as above |
| the alert ends | {keep} | `keep_firing_for` |
| Alertmanager sends the resolve | up to {group_interval} | `group_interval` |
| **the resolve, after the line that ends the last block** | **{resolve_least:.1f} to {resolve_most:.1f} minutes** | |

How soon a site tries again, and so writes that line, is up to the site: at once on a busy one, within about an hour on
a quiet one.

Measured on real servers by `./dev drill` (see [the drill](prometheus.md#the-drill)), in minutes. Where all durations
were divided, the minutes are those of the clock multiplied by the same number; so is what does not become shorter, such
as the second after which the exporter looks again.

"""

_NUMBERS: Final = """
## Why these numbers

An alert without `keep_firing_for` needs none: its condition is an age, a count over some time, or what an exporter says
of itself, and a missed scrape ends none of these.
"""

STEPS: Final = {
    "scraped": "from the line to its scrape",
    "pending": "... to the pending alert",
    "firing": "... to the alert",
    "page": "**... to the page**",
    "cleared": "from mending the source at the owner to the last scrape with a block",
    "ended": "... to the last evaluation with the alert",
    "resolve": "**... to the resolve**",
}


def page(alerts: Sequence[Mapping[str, Any]], thresholds: Thresholds) -> str:
    """Return the page.

    Args:
        alerts: the alerting rules, in their order.
        thresholds: the numbers in them, and why.
    """
    rows = (
        f"| [{alert['alert']}](runbooks/{alert['alert']}.md) | {alert['labels']['severity']} | {alert['for']} "
        f"| {alert['annotations']['summary']} |\n"
        for alert in alerts
    )
    return "".join([_HEAD, *rows, _on_paper(thresholds), *_measured(), *_reasons(alerts, thresholds)])


def _on_paper(thresholds: Thresholds) -> str:
    own, common = thresholds.alerts[PAGES], thresholds.common
    route = load_yaml(MEASURED.with_name("alertmanager.yml"))["route"]["routes"][0]
    read = Defaults().poll_interval
    seen = read + seconds_of(SCRAPE_INTERVAL) + 2 * seconds_of(common["interval"].value)
    page = seconds_of(own["for"].value) + seconds_of(route["group_wait"])
    end = seconds_of(own["keep_firing_for"].value)
    return _TIMES.format(
        alert=PAGES,
        read=read,
        scrape=words_of(SCRAPE_INTERVAL),
        rule=words_of(common["interval"].value),
        wait=words_of(own["for"].value),
        group_wait=words_of(route["group_wait"]),
        page_least=page / 60,
        page_most=(page + seen) / 60,
        seen=seen / 60,
        keep=words_of(own["keep_firing_for"].value),
        group_interval=words_of(route["group_interval"]),
        resolve_least=end / 60,
        resolve_most=(end + seen + seconds_of(route["group_interval"])) / 60,
    )


def _measured() -> Iterator[str]:
    runs: list[dict[str, Any]] = json.loads(MEASURED.read_text(encoding="utf-8"))
    yield "".join(["| | ", " | ".join(map(_heading, runs)), " |\n"])
    yield "".join(["| --- |", " ---: |" * len(runs), "\n"])
    for step, what in STEPS.items():
        times = (f"{run['seconds'][step] * run['faster'] / 60:.1f}" for run in runs)
        yield f"| {what} | {' | '.join(times)} |\n"


def _reasons(alerts: Sequence[Mapping[str, Any]], thresholds: Thresholds) -> Iterator[str]:
    yield _NUMBERS
    for alert in alerts:
        yield f"\n### {alert['alert']}\n\n"
        for name, threshold in thresholds.alerts[alert["alert"]].items():
            yield f"- `{name}`: **{threshold.value}**. {threshold.why}\n"
    yield "\n### Common to all\n\n"
    yield from (f"- `{name}`: **{each.value}**. {each.why}\n" for name, each in thresholds.common.items())


def _heading(run: Mapping[str, Any]) -> str:
    pace = "as shipped" if run["faster"] == 1 else f"divided by {run['faster']:g}"
    return f"{run['programs']}, {pace}"
