"""The rules and routes with divided durations: accepted by the programs, and else to the letter what is shipped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts import build as builder
from alerts.build import ALERTS, RECORDING, ROUTES
from alerts.faster import faster_thresholds
from alerts.thresholds import THRESHOLDS, duration_of, is_duration, load_thresholds, seconds_of
from tests.alerts.servers import GENERATIONS, ROOT, program, said

_TIMES = 60


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fast")
    builder.main(["--faster", str(_TIMES), "--out", str(folder)])
    return folder


def _rules(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [{"interval": group["interval"], **rule} for group in groups for rule in group["rules"]]


def test_every_threshold_that_is_a_duration_is_divided_and_no_other() -> None:
    shipped, short = load_thresholds(), faster_thresholds(load_thresholds(), _TIMES)
    pairs = [(threshold, short.common[name]) for name, threshold in shipped.common.items()]
    pairs += [
        (threshold, short.alerts[alert][name])
        for alert, own in shipped.alerts.items()
        for name, threshold in own.items()
    ]
    assert sum(is_duration(one.value) for one, _ in pairs) > 40
    for one, other in pairs:
        if is_duration(one.value):
            assert seconds_of(other.value) == pytest.approx(seconds_of(one.value) / _TIMES)
        else:
            assert other == one


def test_no_duration_stands_in_the_sources_of_the_rules_past_the_thresholds() -> None:
    for source in (ROOT / "alerts" / "source").glob("*.yml"):
        data = yaml.safe_load(source.read_text(encoding="utf-8"))
        for rule in (rule for group in data["groups"] for rule in group.get("rules", group.get("alerts"))):
            assert not re.search(r"\[\d|offset \d|[<>] \d{2}", str(rule["expr"])), rule


@pytest.mark.parametrize("file", [RECORDING, ALERTS])
def test_rules_have_the_divided_durations(fast: Path, file: str) -> None:
    shipped, short = _rules(ROOT / "alerts" / file), _rules(fast / file)
    assert len(shipped) == len(short) > 5
    for one, other in zip(shipped, short, strict=True):
        assert one.keys() == other.keys()
        assert one.get("labels") == other.get("labels")
        for key in one.keys() & {"interval", "for", "keep_firing_for"}:
            assert seconds_of(other[key]) == seconds_of(one[key]) / _TIMES


def test_routes_differ_in_durations_and_in_nothing_else(fast: Path) -> None:
    shipped, short = (yaml.safe_load((folder / ROUTES).read_text("utf-8")) for folder in (ROOT / "alerts", fast))
    assert {**shipped, "route": None} == {**short, "route": None}
    pairs = list(_pairs(shipped["route"], short["route"]))
    assert len(pairs) == 5
    for one, other in pairs:
        assert seconds_of(other) == seconds_of(one) / _TIMES


def _pairs(shipped: dict[str, Any], short: dict[str, Any]) -> Any:
    assert shipped.keys() == short.keys()
    for key in shipped.keys() - {"routes"}:
        if key.endswith(("wait", "interval")):
            yield shipped[key], short[key]
        else:
            assert shipped[key] == short[key]
    for one, other in zip(shipped.get("routes", ()), short.get("routes", ()), strict=True):
        yield from _pairs(one, other)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_programs_take_them(fast: Path, generation: str) -> None:
    status, words = said([program("promtool", generation), "check", "rules", str(fast / RECORDING), str(fast / ALERTS)])
    assert status == 0, words
    status, words = said([program("amtool", generation), "check-config", str(fast / ROUTES)])
    assert status == 0, words
    assert "1 templates" in words


@given(st.integers(0, 10**10))
def test_a_duration_is_read_back_as_it_was_written(milliseconds: int) -> None:
    text = duration_of(milliseconds / 1000)
    assert seconds_of(text) == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize(
    "wrong", [["--faster", "60"], ["--faster", "0", "--out", "x"], ["--faster", "-1", "--out", "x"]]
)
def test_what_is_shipped_keeps_its_durations(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = THRESHOLDS.with_name(ALERTS).read_bytes()
    with pytest.raises(SystemExit):
        builder.main(wrong)
    assert "--faster wants a number above 0, and --out" in capsys.readouterr().err
    assert THRESHOLDS.with_name(ALERTS).read_bytes() == before
