"""Each rule of inhibition, watched in a running Alertmanager with the configuration that is shipped."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from dashboards.servers import free_port, serving, wait_until
from tests.alerts.servers import GENERATIONS, ROOT, program, said
from tests.alerts.test_alertmanager import CONFIGURATION, _labels

_RULES = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))["inhibit_rules"]
# What each pair shares, and a value that the other of two incidents has.
_ONE = {"package": "CEN00012", "site": "CHI", "log": "distmgr", "job": "configmgr", "instance": "chi01:10048"}
_OTHER = {"package": "CEN00099", "site": "NYC", "log": "sender", "job": "configmgr-lab", "instance": "nyc01:10048"}


def _names(matchers: list[str]) -> list[str]:
    return [name for matcher in matchers for name in re.findall(r"ConfigMgr\w+", matcher)]


PAIRS = [
    (source, target, tuple(rule.get("equal", ())))
    for rule in _RULES
    for source in _names(rule["source_matchers"])
    for target in _names(rule["target_matchers"])
]


@pytest.fixture(params=GENERATIONS)
def alertmanager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus-alertmanager", request.param),
        f"--config.file={CONFIGURATION}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    # Nothing is sent before the group_wait of the routes is over, which no test here takes.
    with serving(command, f"http://{address}/-/ready", tmp_path / "alertmanager.log"):
        yield f"http://{address}/api/v2/alerts"


def _fire(url: str, *alerts: Mapping[str, str]) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = requests.post(url, json=[{"labels": labels, "endsAt": ends} for labels in alerts], timeout=30)
    assert answer.ok, answer.text


def _states(url: str) -> dict[str, bool]:
    """Return whether each alert is held back, by its `is`."""
    found: list[dict[str, Any]] = requests.get(url, timeout=30).json()
    return {each["labels"]["is"]: bool(each["status"]["inhibitedBy"]) for each in found}


def _alert(name: str, shared: Mapping[str, str], equal: tuple[str, ...], **more: str) -> dict[str, str]:
    """Return an alert with the labels of its case; those that a rule compares are given, those of a pair differ."""
    return {**_labels(name), **{label: shared[label] for label in equal}, **more}


def test_a_source_holds_back_its_consequences_and_no_other_trouble(alertmanager: str) -> None:
    wanted: dict[str, bool] = {}
    for number, (source, target, equal) in enumerate(PAIRS):
        one = {label: f"{value}{number}" for label, value in _ONE.items()}
        other = {label: f"{value}{number}" for label, value in _OTHER.items()}
        consequence, elsewhere = f"{number} consequence", f"{number} elsewhere"
        _fire(
            alertmanager,
            _alert(source, one, equal, **{"is": f"{number} source"}),
            _alert(target, one, equal, **{"is": consequence}),
            _alert(target, other, equal, **{"is": elsewhere}),
        )
        # A rule that compares no label speaks of everything.
        wanted |= {f"{number} source": False, consequence: True, elsewhere: not equal}
    # What is the consequence of another rule's source that speaks of everything is held back by that one too.
    everywhere = {target for _, target, equal in PAIRS if not equal}
    for number, (source, target, _) in enumerate(PAIRS):
        wanted[f"{number} source"] |= source in everywhere
        wanted[f"{number} elsewhere"] |= target in everywhere
    wait_until(lambda: _states(alertmanager).keys() == wanted.keys(), "all alerts")
    assert _states(alertmanager) == wanted


def test_without_its_source_a_consequence_is_told(alertmanager: str) -> None:
    ends = {target for _, target, _ in PAIRS} - {source for source, _, _ in PAIRS}
    _fire(alertmanager, *({**_labels(target), "is": target} for target in ends))
    wait_until(lambda: _states(alertmanager).keys() == ends, "all alerts")
    assert _states(alertmanager) == dict.fromkeys(ends, False)


def test_what_holds_back_and_is_held_back_itself_still_holds_back(alertmanager: str) -> None:
    """The page holds back the owner's ticket, and that one the tickets for sites that have been blocked for long."""
    package = {"package": "CEN00012"}
    _fire(
        alertmanager,
        _alert("ConfigMgrTaskSequencesBlocked", package, ("package",), **{"is": "page"}),
        _alert("ConfigMgrPackageSourceUnreadable", package, ("package",), **{"is": "owner"}),
        *(
            _alert("ConfigMgrTaskSequencesBlockedLong", package, ("package",), site=site, **{"is": site})
            for site in ("CHI", "LON", "NYC")
        ),
    )
    wait_until(lambda: len(_states(alertmanager)) == 5, "all alerts")
    assert _states(alertmanager) == {"page": False, "owner": True, "CHI": True, "LON": True, "NYC": True}


def test_the_alert_that_the_page_gives_by_hand_reaches_the_pager(alertmanager: str) -> None:
    text = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    found = re.search(r"^(amtool alert add (?:.+\\\n)*.+)$", text, re.MULTILINE)
    assert found
    command = shlex.split(
        found[1].replace("\\\n", "").replace("http://localhost:9093", alertmanager.removesuffix("/api/v2/alerts"))
    )
    status, words = said(command)
    assert status == 0, words
    (alert,) = requests.get(alertmanager, timeout=30).json()
    assert [receiver["name"] for receiver in alert["receivers"]] == ["page"]
    assert alert["annotations"].keys() == {"summary", "description", "remedy"}
