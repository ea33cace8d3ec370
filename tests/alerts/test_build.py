"""What the build makes of thresholds and sources, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import build as builder
from alerts.build import ALERTS, PAGE, RECORDING, build
from alerts.thresholds import THRESHOLDS, BuildError, load_thresholds, seconds_of, words_of
from tests.alerts.servers import ROOT


def test_committed_files_are_up_to_date() -> None:
    rules = build(load_thresholds())
    for name, text in (
        (f"alerts/{RECORDING}", rules.recording),
        (f"alerts/{ALERTS}", rules.alerts),
        (PAGE, rules.page),
    ):
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name}: run python -m alerts.build"


def test_folded_text_is_read_back_as_it_was_built() -> None:
    rules = yaml.safe_load(build(load_thresholds()).alerts)
    texts = [text for group in rules["groups"] for rule in group["rules"] for text in rule["annotations"].values()]
    assert len(texts) > 100
    assert [text for text in texts if "${" in text or "  " in text or text != text.strip()] == []


@pytest.mark.parametrize(
    ("duration", "seconds", "words"),
    [
        ("0s", 0, "0 seconds"),
        ("90s", 90, "90 seconds"),
        ("15m", 900, "15 minutes"),
        ("1h30m", 5400, "90 minutes"),
        ("24h", 86_400, "1 day"),
        ("7d", 604_800, "7 days"),
        ("1w", 604_800, "7 days"),
        ("1500ms", 1.5, "1.5 seconds"),
    ],
)
def test_durations(duration: str, seconds: float, words: str) -> None:
    assert seconds_of(duration) == seconds
    assert words_of(duration) == words


@pytest.mark.parametrize("duration", ["", "15", "m", "15 m", "1.5h", "-5m", "5m!"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(BuildError, match="not a duration"):
        seconds_of(duration)


def test_own_thresholds_and_links_make_own_files(tmp_path: Path) -> None:
    own = THRESHOLDS.read_text(encoding="utf-8").replace("value: 4h", "value: 90m")
    (tmp_path / "my.yml").write_text(own, encoding="utf-8")
    before = {name: (ROOT / "alerts" / name).read_bytes() for name in (RECORDING, ALERTS)}
    out = tmp_path / "rules"
    builder.main(
        ["--thresholds", str(tmp_path / "my.yml"), "--runbooks", "https://wiki.test/cm/", "--out", str(out)],
    )
    (late,) = [rule for rule in _alerts(out / ALERTS) if rule["alert"] == "ConfigMgrContentLate"]
    assert "> 5400" in late["expr"]
    assert "for more than 90 minutes" in late["annotations"]["description"]
    assert late["annotations"]["runbook_url"] == "https://wiki.test/cm/ConfigMgrContentLate.md"
    assert (out / RECORDING).exists()
    assert {name: (ROOT / "alerts" / name).read_bytes() for name in before} == before


def _alerts(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _refusal(tmp_path: Path, file: str, old: str, new: str) -> str:
    """Build with one change in one source and return what is said about it."""
    source, thresholds = tmp_path / "source", tmp_path / "thresholds.yml"
    shutil.copytree(ROOT / "alerts" / "source", source)
    shutil.copy(THRESHOLDS, thresholds)
    path = thresholds if file == "thresholds.yml" else source / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BuildError) as refused:
        build(load_thresholds(thresholds), source)
    return str(refused.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("thresholds.yml", "    late:\n", "    latte:\n", "${late.seconds} is neither a threshold nor a word"),
        ("thresholds.yml", "value: 4h", "value: soon", "'soon' is not a duration"),
        (
            "thresholds.yml",
            "  ConfigMgrContentLate:\n    late:",
            "  ConfigMgrOther:\n    late:",
            "does not say for how long",
        ),
        ("thresholds.yml", "    value: 12\n", "    value: 12\n    unit: sites\n", "listed: give `value` and `why`"),
        ("thresholds.yml", "common:", "commons:", "common: give thresholds"),
        ("thresholds.yml", "common:", "common: [", "thresholds.yml: "),
        ("thresholds.yml", "  missed:\n", "  spare:\n    value: 1m\n    why: x\n  missed:\n", "nothing uses: spare"),
        ("alerts.yml", "> ${lag}", "> 125000", "ConfigMgrLogLagging: thresholds that nothing uses: lag"),
        ("alerts.yml", "severity: info", "severity: urgent", "'urgent' is not one of critical, warning, info"),
        ("alerts.yml", "- alert: ConfigMgrLogGap", "- alert: ConfigMgrLogHole", "ConfigMgrLogHole"),
        ("recording.yml", "${interval}", "${intervall}", "${intervall} is neither a threshold nor a word"),
    ],
)
def test_sources_that_do_not_fit_are_refused(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    assert words in _refusal(tmp_path, file, old, new)


def test_a_file_that_is_not_there_ends_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        builder.main(["--thresholds", str(tmp_path / "none.yml"), "--out", str(tmp_path)])
    assert "none.yml" in str(ended.value.code)
    assert list(tmp_path.iterdir()) == []
