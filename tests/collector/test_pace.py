from __future__ import annotations

from exporter.collector.pace import Pace


def test_looks_come_soon_after_lines_and_then_ever_later_up_to_the_interval() -> None:
    pace = Pace(0.8)
    assert [pace.rest(0.0, came=came) for came in (True, True, False, False, False, False)] == [
        0.1,
        0.1,
        0.2,
        0.4,
        0.8,
        0.8,
    ]


def test_thread_with_much_to_look_at_does_not_hurry_but_keeps_the_interval() -> None:
    pace = Pace(0.8)
    assert pace.rest(0.02, came=True) == 0.4
    assert pace.rest(2.0, came=True) == 0.8
