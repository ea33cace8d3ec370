"""Alertmanager's configuration: accepted, every alert routed as its severity says, messages that read well."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.servers import GENERATIONS, ROOT, program, said
from tests.alerts.test_rules import ALERTING, CASES

CONFIGURATION = ROOT / "alerts" / "alertmanager.yml"
_CONFIG = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
_RECEIVERS = {"critical": "page", "warning": "ticket", "info": "info"}
_FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NO_TIME = "0001-01-01T00:00:00Z"


def _labels(alert: str) -> dict[str, str]:
    """Return labels with which an alert fires in its case."""
    (path,) = (case for case in CASES if case.stem == alert)
    tests = yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
    expected = [each for test in tests for check in test.get("alert_rule_test", ()) for each in check["exp_alerts"]]
    return {"alertname": alert, **expected[0]["exp_labels"]}


def _annotations(alert: str) -> dict[str, str]:
    (path,) = (case for case in CASES if case.stem == alert)
    tests = yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
    checks = [check for test in tests for check in test.get("alert_rule_test", ()) if check["exp_alerts"]]
    found: dict[str, str] = checks[0]["exp_alerts"][0]["exp_annotations"]
    return found


@pytest.mark.parametrize("generation", GENERATIONS)
def test_configuration_is_accepted(generation: str) -> None:
    status, words = said([program("amtool", generation), "check-config", str(CONFIGURATION)])
    assert status == 0, words
    assert "1 templates" in words


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("alert", ALERTING)
def test_alert_goes_where_its_severity_says(alert: str, generation: str) -> None:
    labels = [f"{name}={value}" for name, value in _labels(alert).items()]
    command = [program("amtool", generation), "config", "routes", "test", f"--config.file={CONFIGURATION}"]
    receiver = _RECEIVERS[ALERTING[alert]["labels"]["severity"]]
    status, words = said([*command, f"--verify.receivers={receiver}", *labels])
    assert status == 0, words


def test_inhibition_names_alerts_and_labels_that_there_are() -> None:
    for rule in _CONFIG["inhibit_rules"]:
        sources = _named(rule["source_matchers"])
        targets = _named(rule["target_matchers"])
        assert sources <= ALERTING.keys()
        assert targets <= ALERTING.keys()
        assert not sources & targets
        for alert in sources | targets:
            assert set(rule.get("equal", ())) <= _labels(alert).keys(), f"{alert} has no such label: {rule}"


def _named(matchers: list[str]) -> set[str]:
    return {name for matcher in matchers for name in re.findall(r"ConfigMgr\w+", matcher)}


def test_every_mail_has_a_text_and_a_page() -> None:
    for receiver in _CONFIG["receivers"]:
        for mail in receiver["email_configs"]:
            assert mail["text"] == '{{ template "configmgr.text" . }}'
            assert mail["html"] == '{{ template "configmgr.html" . }}'
            assert mail["headers"]["Subject"] == '{{ template "configmgr.subject" . }}'


def _message(alerts: dict[str, str], common: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what a template is given: alerts of the cases, each firing or resolved."""
    listed = [
        {
            "status": status,
            "labels": _labels(alert),
            "annotations": _annotations(alert),
            "startsAt": "2026-03-04T02:10:00Z",
            "endsAt": "2026-03-04T05:40:00Z" if status == "resolved" else _NO_TIME,
            "generatorURL": "http://prometheus:9090/graph?g0.expr=x&g0.tab=1",
        }
        for alert, status in alerts.items()
    ]
    first = next(iter(alerts))
    alone = len(alerts) == 1
    return {
        "receiver": "page",
        "status": "firing" if "firing" in alerts.values() else "resolved",
        "alerts": listed,
        "groupLabels": {"alertname": first},
        "commonLabels": common or (_labels(first) if alone else {"severity": "critical"}),
        "commonAnnotations": _annotations(first) if alone else {},
        "externalURL": "http://alertmanager:9093",
    }


def _render(generation: str, template: str, message: dict[str, Any], folder: Path) -> str:
    data = folder / "data.json"
    data.write_text(json.dumps(message), encoding="utf-8")
    command = [program("amtool", generation), "template", "render", f"--template.data={data}"]
    command += [f"--template.glob={CONFIGURATION.parent}/templates/*.tmpl"]
    command += [f'--template.text={{{{ template "configmgr.{template}" . }}}}']
    command += ["--template.type=html"] if template == "html" else []
    status, words = said(command)
    assert status == 0, words
    return words.rstrip("\n")


_BLOCKED = {"ConfigMgrTaskSequencesBlocked": "firing"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_subject_says_how_urgent_what_and_how_much(generation: str, tmp_path: Path) -> None:
    page = _render(generation, "subject", _message(_BLOCKED), tmp_path)
    assert page == (
        'PAGE ConfigMgr: CEN00012 "Install drivers": A missing program keeps task sequences from being stored at sites'
    )
    mended = _render(generation, "subject", _message(dict.fromkeys(_BLOCKED, "resolved")), tmp_path)
    assert mended == page.replace("PAGE", "MENDED")
    ticket = _render(generation, "subject", _message({"ConfigMgrLogSilent": "firing"}), tmp_path)
    assert ticket == "TICKET ConfigMgr: Distribution Manager has written nothing for long"
    info = _render(generation, "subject", _message({"ConfigMgrSeriesDropped": "firing"}), tmp_path)
    assert info == "INFO ConfigMgr: An exporter leaves series out"
    several = _message({**_BLOCKED, "ConfigMgrNoExporter": "firing"})
    assert _render(generation, "subject", several, tmp_path) == "PAGE ConfigMgr: ConfigMgrTaskSequencesBlocked (2)"


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("template", ["text", "html", "chat.text"])
def test_message_holds_what_is_wrong_what_to_do_and_where_to_look(
    template: str, generation: str, tmp_path: Path
) -> None:
    text = _render(generation, template, _message(_BLOCKED), tmp_path)
    plain = re.sub(r"&#34;|&quot;", '"', text.replace("&#39;", "'").replace("&amp;", "&"))
    expected = _annotations("ConfigMgrTaskSequencesBlocked")
    assert expected["description"] in plain
    for step in expected["remedy"].splitlines():
        assert step in plain
    for link in (expected["runbook_url"], expected["dashboard_url"]):
        assert link in plain
    assert "<no value>" not in text
    assert "Mended" not in text


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("template", ["text", "html", "chat.text"])
def test_message_says_what_was_mended_and_gives_no_orders(template: str, generation: str, tmp_path: Path) -> None:
    text = _render(generation, template, _message(dict.fromkeys(_BLOCKED, "resolved")), tmp_path)
    assert "Mended" in text
    assert "2026-03-04 02:10 UTC" in text
    assert "What to do" not in text
    assert "2. Nothing wrong" not in text


@pytest.mark.parametrize("generation", GENERATIONS)
def test_names_from_logs_cannot_change_the_page(generation: str, tmp_path: Path) -> None:
    message = _message(_BLOCKED)
    for alert in message["alerts"]:
        alert["labels"]["program"] = "<script>alert(1)</script>"
        alert["annotations"] = {**alert["annotations"], "description": "<img src=x>", "remedy": "1. <b>x</b>\n2. y"}
    page = _render(generation, "html", message, tmp_path)
    assert not re.search(r"<(script|img|b)\b", page)
    assert "1. &lt;b&gt;x&lt;/b&gt;<br>2. y" in page


def test_chat_receiver_of_the_page_is_accepted(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    (text,) = (text for text in _FENCE.findall(page) if "slack_configs" in text)
    file = tmp_path / "alertmanager.yml"
    file.write_text(json.dumps({"route": {"receiver": "page"}, **yaml.safe_load(text)}), encoding="utf-8")
    status, words = said([program("amtool", "installed"), "check-config", str(file)])
    assert status == 0, words


@pytest.mark.parametrize("generation", GENERATIONS)
def test_scrape_configurations_of_the_page_are_accepted(generation: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    texts = [text for text in _FENCE.findall(page) if "scrape_configs" in text]
    assert len(texts) >= 6
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.yml"
        file.write_text(text, encoding="utf-8")
        status, words = said([program("promtool", generation), "check", "config", "--syntax-only", str(file)])
        assert status == 0, f"{text}\n{words}"
