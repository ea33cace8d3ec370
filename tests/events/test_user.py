from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.events.user import (
    FAIR,
    MAX_SLOWNESS,
    MAX_TIMEOUTS,
    UserTemplate,
    UserTemplateError,
    UserTemplates,
    compile_user_template,
)
from exporter.logs.clock import Clock
from exporter.logs.records import Record, RecordReader


def _record(message: str) -> Record:
    return RecordReader(Clock()).parse(message.encode(), "x.log", 1)


@pytest.mark.parametrize(
    ("template", "reason", "column"),
    [
        (UserTemplate(name=""), "its name is not one of small letters", 1),
        (UserTemplate(name="My template", text="abc"), "its name is not one of small letters", 1),
        (UserTemplate(name="a"), "it needs either a text or a pattern", 1),
        (UserTemplate(name="a", text="abc", pattern="abc"), "it needs either a text or a pattern", 1),
        (UserTemplate(name="a", text="abc {int}"), "text, column 5: {int} needs the name of a field", 5),
        (UserTemplate(name="a", pattern="abc(d"), "pattern, column 6: missing )", 6),
        (UserTemplate(name="a", pattern="a**"), "pattern, column 3: multiple repeat", 3),
        (UserTemplate(name="a", pattern="(?P<x>a)(?P<1>b)"), "pattern, column 14: bad character in group name", 14),
        (UserTemplate(name="a", pattern="(?a)(?u)x"), "pattern: ASCII, LOCALE and UNICODE flags", 1),
        (UserTemplate(name="a", pattern="(" * 990 + "x" + ")" * 990), "pattern: maximum recursion depth", 1),
        (UserTemplate(name="a", pattern="x" * 2001), "its pattern is longer than 2000 characters", 2000),
    ],
)
def test_broken_template_is_named_with_what_is_wrong_and_where(
    template: UserTemplate, reason: str, column: int
) -> None:
    with pytest.raises(UserTemplateError) as raised:
        compile_user_template(template)
    assert str(raised.value).startswith(f"template {template.name!r}: {reason}")
    assert (raised.value.name, raised.value.column) == (template.name, column)


def test_text_is_a_template_like_those_of_the_catalogue() -> None:
    compiled = compile_user_template(UserTemplate(name="a", text="Job {word:job} failed with {hex:code}"))
    assert compiled.match("~Job 00000E2A~failed with 0x35...") == {"job": "00000E2A", "code": 0x35}
    assert compiled.match("Job failed with 0x35") is None


def test_named_groups_of_a_pattern_are_fields() -> None:
    compiled = compile_user_template(UserTemplate(name="a", pattern=r"(?i)drive (?P<drive>\w)( of (?P<host>\w+))?"))
    assert compiled.match("Use DRIVE E now") == {"drive": "E", "host": ""}


def test_first_template_that_matches_gives_the_event() -> None:
    one, two = (compile_user_template(UserTemplate(name=name, pattern="x")) for name in ("one", "two"))
    assert UserTemplates([one, two]).match(_record("x"), "distmgr", Counter()) == ("user:one", {})


def test_template_that_is_slow_on_every_line_is_switched_off() -> None:
    ticks: Iterator[float] = iter([n * 0.04 for n in range(100_000)])  # each try takes 40 ms, no single one too long
    templates = UserTemplates([compile_user_template(UserTemplate(name="slow", pattern="x"))], lambda: next(ticks))
    timeouts: Counter[str] = Counter()
    tries = 0
    while not templates.disabled:
        assert templates.match(_record("y"), "distmgr", timeouts) is None
        tries += 1
    assert timeouts == {"slow": MAX_TIMEOUTS}
    assert tries * (0.04 - FAIR) == pytest.approx(MAX_TIMEOUTS * MAX_SLOWNESS, rel=0.1)
    assert templates.match(_record("x"), "distmgr", timeouts) is None


def test_template_that_is_as_fast_as_most_is_never_switched_off() -> None:
    ticks: Iterator[float] = iter([n * FAIR for n in range(100_000)])
    templates = UserTemplates([compile_user_template(UserTemplate(name="fair", pattern="x"))], lambda: next(ticks))
    for _ in range(10_000):
        assert templates.match(_record("x"), "distmgr", Counter()) == ("user:fair", {})


@given(st.text(st.sampled_from(r"ab(?P<x>)[]{}*+?.\1|^$-,:=!"), max_size=20))
@settings(max_examples=300, deadline=None)
def test_any_pattern_is_used_or_refused_clearly(pattern: str) -> None:
    refused = ""
    try:
        compiled = compile_user_template(UserTemplate(name="a", pattern=pattern))
    except UserTemplateError as error:
        refused = str(error)
    else:
        UserTemplates([compiled]).match(_record("aabb(?P<x>)"), "distmgr", Counter())
    assert refused == "" or refused.startswith("template 'a': ")
