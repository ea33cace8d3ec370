"""What the system says about this process."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import ProcessCollector

_COLLECTOR = ProcessCollector(registry=None)


def read_process() -> Mapping[str, float]:
    """Return memory, processor time and open files by metric name; nothing where the system has no /proc.

    Costs a few reads of /proc. Read it once per pass over the logs rather than per scrape, so that scrapes in between
    find nothing changed.
    """
    return {sample.name: sample.value for metric in _COLLECTOR.collect() for sample in metric.samples}
