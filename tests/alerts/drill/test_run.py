"""One incident from the line in a log to the page and back, under both generations of Prometheus and Alertmanager.

Everything is what users run: the exporters as processes, the rules and routes that are shipped with their durations
divided, a webhook and a mail server that keep what they get.
"""

from __future__ import annotations

import re
from pathlib import Path

from alerts.drill.plan import CULPRIT, PROGRAM, SEQUENCES, SITES
from alerts.drill.run import Outcome, drill
from alerts.drill.servers import Programs
from alerts.page import PAGES
from tests.alerts.servers import GENERATIONS, program

FASTER = 120  # two minutes in a second: the quarter of an hour before the page takes 7.5 seconds


def test_an_incident_gives_one_page_and_one_resolve(tmp_path: Path) -> None:
    programs = [
        Programs(generation, program("prometheus", generation), program("prometheus-alertmanager", generation))
        for generation in GENERATIONS
    ]
    said: list[str] = []
    outcomes = drill(tmp_path, programs, FASTER, said.append)
    assert [outcome.stack for outcome in outcomes] == list(GENERATIONS)
    for outcome in outcomes:
        # While an exporter hung, and others died and came back without what they knew, nothing more was told.
        assert outcome.faults() == [], outcome
        assert outcome.held_back, outcome
        _check_page(outcome)
        _check_mails(outcome)
        _check_times(outcome)


def _check_page(outcome: Outcome) -> None:
    page, resolve = outcome.pages
    for message in (page.message, resolve.message):
        (alert,) = message["alerts"]
        assert alert["labels"] == {
            "alertname": PAGES,
            "severity": "critical",
            "package": CULPRIT,
            "program": PROGRAM,
            "source_site": CULPRIT[:3],
        }
    (alert,) = page.message["alerts"]
    words = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME", alert["annotations"]["description"])
    names = ("Deploy Windows 7 to laptops", "Refresh laptops", "Büro kiosks")
    listed = ", ".join(f'{sequence} ("{name}")' for sequence, name in zip(SEQUENCES, names, strict=True))
    assert words == (
        f'Program "{PROGRAM}" of package {CULPRIT} ("Laptop drivers") is missing at 3 sites: {", ".join(SITES)}. '
        f"It blocks 3 task sequences: {listed}, since TIME. "
        r"CEN cannot read its source \\FILES01\Drivers\Laptops: access is denied (Win32 error 5), since TIME."
    )
    assert "Mend the data source of CEN00012 at CEN" in alert["annotations"]["remedy"]


def _check_mails(outcome: Outcome) -> None:
    page, resolve = (mail for mail in outcome.mails if mail.to == "configmgr-oncall@example.org")
    subject = f'{CULPRIT} "{PROGRAM}": A missing program keeps task sequences from being stored at sites'
    assert page.message["Subject"] == f"PAGE ConfigMgr: {subject}"
    assert resolve.message["Subject"] == f"MENDED ConfigMgr: {subject}"
    description = outcome.pages[0].message["alerts"][0]["annotations"]["description"]
    assert description in page.body("plain").replace("\r\n", "\n")
    assert "access is denied (Win32 error 5)" in page.body("html")
    assert "Mended" in resolve.body("plain")


def _check_times(outcome: Outcome) -> None:
    times = {step: seconds * FASTER / 60 for step, seconds in outcome.times.items()}
    assert 0 <= times["scraped"] <= times["pending"] <= times["firing"] <= times["page"]
    assert times["firing"] - times["pending"] >= 15 - 0.1  # `for`
    assert times["page"] - times["firing"] >= 1.5 - 0.1  # group_wait
    assert times["ended"] - times["cleared"] >= 10 - 1.1  # keep_firing_for, from an evaluation before or after
    assert times["resolve"] > times["ended"]
