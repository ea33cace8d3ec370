"""Queries as the dashboards write them.

Every selector asks for the job and the instance that the viewer chose. Two exporters may read one site's logs, so that
every gauge is first reduced to what it speaks of: `max by (site, ...)` counts a fact once.
"""

from __future__ import annotations

from typing import Final

CHOSEN: Final = 'job=~"$job", instance=~"$instance"'
BLOCKED: Final = "configmgr_task_sequence_blocked"
SINCE: Final = "configmgr_task_sequence_blocked_since_timestamp_seconds"
ATTEMPT: Final = "configmgr_task_sequence_last_attempt_timestamp_seconds"
MISSING: Final = "configmgr_missing_program_reference_task_sequences"
SITE_BLOCKED: Final = "configmgr_site_blocked_task_sequences"
DEFINITION: Final = "configmgr_package_definition_version"
CONTENT: Final = "configmgr_package_content_version"
SOURCE: Final = "configmgr_package_source_version"
WAITING: Final = "configmgr_package_waiting"
SOURCE_ERROR: Final = "configmgr_package_source_error"
TROUBLE: Final = "configmgr_transport_trouble"
NAMES: Final = "configmgr_package_info"


def series(metric: str, *matchers: str) -> str:
    """Return a selector of a metric: with these matchers, and of what the viewer chose."""
    return f"{metric}{{{', '.join([*matchers, CHOSEN])}}}"


def largest(labels: str, metric: str, *matchers: str) -> str:
    """Return the metric once for each value of these labels: the largest, of all exporters that tell it."""
    return f"max by ({labels}) ({series(metric, *matchers)})"


def rate(labels: str, counter: str, *matchers: str) -> str:
    """Return how much a counter grows in a second, summed over all but these labels."""
    return _together(labels, f"rate({series(counter, *matchers)}[$__rate_interval])")


def growth(labels: str, counter: str, *matchers: str) -> str:
    """Return by how much a counter grows from one bar of a graph to the next; nothing where it does not grow."""
    return f"{_together(labels, f'increase({series(counter, *matchers)}[$__rate_interval])')} > 0"


def grown(labels: str, counter: str, *matchers: str) -> str:
    """Return by how much a counter has grown in the time that the dashboard shows.

    `increase` would miss what a series begins with, and a series of a rare event begins with the event.
    """
    now = _together(labels, series(counter, *matchers))
    before = _together(labels, f"{series(counter, *matchers)} offset $__range")
    return f"clamp_min({now} - ({before} or {now} * 0), 0)"


def _together(labels: str, expression: str) -> str:
    """Return the sum over all but these labels, in which what two exporters tell counts once."""
    grouping = f" by ({labels})" if labels else ""
    if "instance" in labels:
        return f"sum{grouping} ({expression})"
    return f"sum{grouping} (max without (job, instance) ({expression}))"


def or_none(expression: str, *matchers: str) -> str:
    """Return a count that is 0, not absent, when nothing is counted.

    It stays absent when no exporter reports a site: nothing known must not look like nothing wrong.
    """
    return f"{expression} or max({series(SITE_BLOCKED, *matchers)}) * 0"


def one_of(key: str, labels: str, metric: str, *matchers: str) -> str:
    """Return one series for each value of `key`: two sites may tell a package's name or error differently."""
    return f"topk by ({key}) (1, {largest(f'{key}, {labels}', metric, *matchers)})"


def blocks(*matchers: str) -> str:
    """Return each block with what is missing; the value is the log time since when it stands."""
    labels = "site, task_sequence, package, program, source_site"
    return (
        f"{largest(labels, BLOCKED, *matchers)} * on (site, task_sequence) group_left () "
        f"min by (site, task_sequence) ({series(SINCE, *matchers)})"
    )


def lag(*matchers: str) -> str:
    """Return by how many versions each site's definition of a package is older than the newest that is known.

    At its owner it never is: where only properties changed, the owner's log tells no new version, and the sites below
    it do.
    """
    newest = largest("package", DEFINITION, *matchers)
    each = largest("site, package", DEFINITION, *matchers)
    owners = f'label_replace({newest}, "site", "$1", "package", "(...).*")'
    return (
        f"(({newest} - on (package) group_right () {each}) unless on (site, package) {owners} "
        f"or ({each} and on (site, package) {owners}) * 0)"
    )


def number(labels: str, each: str, metric: str, *matchers: str) -> str:
    """Return for each value of `labels` how many different values of `each` the metric has.

    Args:
        labels: what to count for; "" counts all together.
        each: the labels that make a thing that is counted.
        metric: a gauge that is there as long as the thing is.
        matchers: what is counted.
    """
    grouping = f" by ({labels})" if labels else ""
    return f"count{grouping} ({largest(f'{labels}, {each}' if labels else each, metric, *matchers)})"
