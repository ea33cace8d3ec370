"""What begins and ends: reports compared, and changes kept for whoever asks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exporter.replication.state import Reference, SiteState, SourceError, SourceReason, WaitReason
from exporter.report.changes import History, Standing, Turn, What, standing_in
from exporter.report.hierarchy import Report, report
from tests.metrics.states import MAY, blocked, waiting

START = 1_700_000_000.0
FIRST = 1_700_000_000_000


def stuck(site: str, *task_sequences: str, late: tuple[str, ...] = (), unread: tuple[str, ...] = ()) -> Report:
    state = SiteState(site)
    state.blocked = {name: blocked(name, Reference("CEN00010", "p"), since=MAY) for name in task_sequences}
    state.waiting = {(name, "CEN", WaitReason.CONTENTS): waiting(name, "CEN") for name in late}
    inaccessible = SourceReason.INACCESSIBLE
    state.source_errors = {
        (name, inaccessible): SourceError(name, inaccessible, "", None, MAY, MAY, ()) for name in unread
    }
    return report({site: state})


def told(history: History, cursor: int | None = None, limit: int = 100) -> list[tuple[str, str, str]]:
    return [(c.turn.value, c.standing.what.value, c.standing.package) for c in history.after(cursor, limit).changes]


def test_what_begins_and_ends_is_told_once() -> None:
    history = History(START)
    for each in (stuck("CHI"), stuck("CHI", "A"), stuck("CHI", "A"), stuck("CHI", "A", "B"), stuck("CHI", "B")):
        history.note(each, MAY + 5)
    assert told(history) == [("began", "block", "A"), ("began", "block", "B"), ("ended", "block", "A")]
    change = history.after(None, 1).changes[0]
    assert change.cursor == FIRST + 1
    assert change.noticed == MAY + 5
    assert change.standing == Standing(What.BLOCK, "CHI", "A", since=MAY, missing=(Reference("CEN00010", "p"),))


def test_late_content_and_sources_begin_and_end_too() -> None:
    history = History(START)
    history.note(stuck("CEN", late=("P",), unread=("Q",)), MAY)
    history.note(stuck("CEN"), MAY)
    assert told(history) == [
        ("began", "source_error", "Q"),
        ("began", "wait", "P"),
        ("ended", "source_error", "Q"),
        ("ended", "wait", "P"),
    ]


def test_another_missing_program_is_no_new_block() -> None:
    history = History(START)
    history.note(stuck("CHI", "A"), MAY)
    state = SiteState("CHI")
    state.blocked = {"A": blocked("A", Reference("CEN00011", "other"))}
    history.note(report({"CHI": state}), MAY)
    assert told(history) == [("began", "block", "A")]


def test_a_cursor_goes_on_where_the_page_before_ended() -> None:
    history = History(START)
    history.note(stuck("CHI", "A", "B", "C"), MAY)
    page = history.after(None, 2)
    assert [c.standing.package for c in page.changes] == ["A", "B"]
    assert (page.cursor, page.more, page.missed) == (FIRST + 2, True, False)
    page = history.after(page.cursor, 2)
    assert [c.standing.package for c in page.changes] == ["C"]
    assert (page.cursor, page.more, page.missed) == (FIRST + 3, False, False)
    assert history.after(page.cursor, 2).changes == []
    assert history.cursor == FIRST + 3


def test_a_client_that_asks_too_late_is_told_so() -> None:
    history = History(START, limit=2)
    history.note(stuck("CHI", "A", "B", "C", "D"), MAY)
    assert told(history) == [("began", "block", "C"), ("began", "block", "D")]
    assert history.after(None, 9).missed
    assert history.after(FIRST + 1, 9).missed
    assert not history.after(FIRST + 2, 9).missed
    assert [c.standing.package for c in history.latest_first] == ["D", "C"]


def test_a_cursor_of_another_time_gets_all_that_is_known() -> None:
    history = History(START)
    history.note(stuck("CHI", "A"), MAY)
    for cursor in (0, FIRST - 1, FIRST + 2, 1 << 60):
        page = history.after(cursor, 9)
        assert page.missed
        assert len(page.changes) == 1
        assert page.cursor == FIRST + 1


def test_cursors_after_a_restart_are_greater() -> None:
    before, after = History(START), History(START + 1)
    for number in range(500):
        before.note(stuck("CHI", *("A",) * (number % 2)), MAY)
    assert before.cursor < after.cursor


class Client(RuleBasedStateMachine):
    """A client that puts changes together knows what is stuck, or is told that it missed some."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(START, limit=7)
        self.truth: set[tuple[str, str]] = set()
        self.believed: set[tuple[str, str]] = set()
        self.cursor: int | None = None

    @rule(names=st.sets(st.sampled_from("ABCDE")), late=st.sets(st.sampled_from("PQ")))
    def report_comes(self, names: set[str], late: set[str]) -> None:
        answer = stuck("CHI", *sorted(names), late=tuple(sorted(late)))
        self.history.note(answer, MAY)
        self.truth = {(thing.what.value, thing.package) for thing in standing_in(answer)}

    @rule(limit=st.integers(1, 5))
    def client_asks(self, limit: int) -> None:
        more = True
        while more:
            page = self.history.after(self.cursor, limit)
            if page.missed:
                self.believed, self.cursor = set(self.truth), self.history.cursor
                return
            for change in page.changes:
                assert self.cursor is None or change.cursor > self.cursor
                thing = (change.standing.what.value, change.standing.package)
                assert (thing in self.believed) == (change.turn is Turn.ENDED)
                self.believed ^= {thing}
            self.cursor, more = page.cursor, page.more
        assert self.believed == self.truth

    @invariant()
    def is_bounded(self) -> None:
        assert len(list(self.history.latest_first)) <= 7


TestClient = Client.TestCase
TestClient.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


@given(st.integers(0, 1 << 60), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_no_cursor_makes_trouble(cursor: int, limit: int) -> None:
    history = History(START, limit=3)
    history.note(stuck("CHI", "A", "B", "C", "D"), MAY)
    page = history.after(cursor, limit)
    assert len(page.changes) <= limit
    assert FIRST <= page.cursor <= FIRST + 4
