"""The simulator words its lines by itself. What they say, the catalogue must know from the same public sources."""

from dataclasses import replace

import pytest

from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.simulator.forms import LineWriter
from exporter.simulator.plans import healthy_plan
from exporter.simulator.scenarios import SCENARIOS, scenario_plan
from exporter.simulator.simulation import simulate

# Lines that say nothing about the state of anything.
_SAY_NOTHING = (
    "~====",
    "~Checking for remote file",
    "~Created policy provider trigger",
    "~Instruction file =",
    "~Passed the xmit file test",
    "~Use drive",
    "====== ",
    "Cancelling network connection",
    "Completed post-actions",
    "Creating instruction file",
    "Deleting instruction file",
    "Incremented ref count",
    "Instruction type:",
    "No need to disconnect",
    "Performing cleanup",
    "Redistribute=",
    "The current user context",
)
# The first words of the flood that an incident asks for are noise, which has a test of its own.
_QUIET = [name for name in SCENARIOS if name != "rollover_in_unit"]


def _matcher() -> Matcher:
    return Matcher(load_catalogue(), RecordReader(Clock(None)))


@pytest.mark.parametrize("name", _QUIET)
def test_every_line_that_says_something_is_known_to_the_catalogue(name: str) -> None:
    plan = replace(scenario_plan(name, over=True), noise=0.0)
    matcher, writers = _matcher(), {site.code: LineWriter(site) for site in plan.sites}
    for record in simulate(plan):
        if record.message.startswith(_SAY_NOTHING):
            continue
        line = writers[record.site].encode(record)
        scan = matcher.scan(Block(line, f"{record.log}.log", final=True), record.log)
        assert len(scan.events) == 1, record
        assert scan.events[0].time == record.time / 1000


def test_noise_raises_no_suspicion() -> None:
    plan = healthy_plan()
    matcher, writers = _matcher(), {site.code: LineWriter(site) for site in plan.sites}
    blocks: dict[tuple[str, str], list[bytes]] = {}
    for record in simulate(plan):
        blocks.setdefault((record.site, record.log), []).append(writers[record.site].encode(record))
    for (_, log), lines in blocks.items():
        scan = matcher.scan(Block(b"".join(lines), f"{log}.log", final=True), log)
        assert (scan.unmatched, scan.stampless, scan.undecodable) == (0, 0, 0)
        assert scan.records == len(lines)
