"""The documentation of the metrics, made from the contract.

`python -m exporter.metrics.docs` prints what stands in docs/metrics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from exporter.metrics.budget import DEFAULT_BUDGET
from exporter.metrics.contract import CHAPTERS, Chapter, Family
from exporter.metrics.labels import MAX_LENGTH

_INTRODUCTION = f"""\
# Metrics

<!-- Made by `python -m exporter.metrics.docs > docs/metrics.md`: change exporter/metrics/contract.py instead. -->

What `/metrics` serves. Every series is made from the state at the moment of the scrape.

- `site` is the three-character site code. Package IDs stand as the log has them.
- A state that ends disappears: ask `configmgr_task_sequence_blocked`, not `configmgr_task_sequence_blocked == 0`.
- A count whose labels can be known stands at 0 from the start, so that `increase()` sees the first event.
- Times are POSIX seconds. Log times are what the log's stamps tell, in UTC; a time that is not known is absent.
- Families marked *limited* take label values from the logs. Each may have {DEFAULT_BUDGET:,} series unless configured
  otherwise; what does not fit is left out and counted by `configmgr_exporter_dropped_series`.
- A label value holds at most {MAX_LENGTH} characters. One that was cut, or held control characters, ends in `#` and a
  digest of the original text.
"""


def render() -> str:
    """Return docs/metrics.md."""
    return "\n".join([_INTRODUCTION, *(_chapter(chapter) for chapter in CHAPTERS)])


def _chapter(chapter: Chapter) -> str:
    return "\n".join(
        [f"## {chapter.title}\n", *([f"{chapter.text}\n"] if chapter.text else []), *map(_family, chapter.families)]
    )


def _family(family: Family) -> str:
    return "\n".join(_lines(family))


def _lines(family: Family) -> Iterator[str]:
    labels = ", ".join(f"`{label}`" for label in family.labels) or "none"
    yield f"### `{family.name}`\n"
    yield f"{family.kind.value}; labels: {labels}{'; *limited*' if family.budgeted else ''}\n"
    yield f"{family.help}\n"
    if family.notes:
        yield f"{family.notes}\n"


if __name__ == "__main__":
    sys.stdout.write(render())
