"""Uninteresting lines: most of every real log. Their wording is the product's own, their content says nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator

from exporter.simulator.hierarchy import Era, Site
from exporter.simulator.names import DESPOOLER, DISTMGR, HMAN, PKGXFER, REPLMGR, SCHEDULER, SENDER, nal_path

_VARIANTS = 6
_SDK = r"user(NT AUTHORITY\SYSTEM) runing application({component}) from machine ({server}) is submitting SDK changes "
_COMMON = (_SDK + r"from site({site})",)
_SQL = (
    "SQL>>>>> Done.",
    "SQL>>>select Name,LEFT(Value1, 16383),Value3,ISNULL(DATALENGTH(Value1),0) from vSMS_SC_Component_Properties~",
    "SQL>>>select distinct SiteCode, NALPath from PkgServers where PkgID in ({ids}) order by SiteCode~",
)
_LINES = {
    DISTMGR: (
        "The current user context will be used for connecting to {nal}.~",
        "Performing cleanup prior to returning.",
        r"Cancelling network connection to \\{server}\ADMIN$.",
        r"Incremented ref count on file E:\SMSPKG\{n5}.PCK, count = {n1}",
        r"Decremented ref count on file E:\SMSPKG\{n5}.PCK, count = {n1}",
        "~Use drive E for storing the compressed package.",
        "Creating hash for algorithm 32780",
        "The hash for algorithm 32780 is {hash}",
        "The RDC signature hash for algorithm 32780 is {hash}",
        "~The reporting site of site {site} is this site.",
    ),
    SCHEDULER: (
        "========  Processing Jobs  ========",
        "====== Updating Send Request List =======",
        "======  Checking Status of All Send Requests  ======",
        r"~====  Checking send requests for outbox \\{server}\SMS_{site}\inboxes\schedule.box\outboxes\LAN.~~",
    ),
    SENDER: (
        "No (more) send requests found to process.",
        "~Passed the xmit file test, use the existing connection",
        r"~Attempt to write {n5} bytes to \\{server}\SMS_SITE\2{n5}.PCK at position {n5}0",
    ),
    DESPOOLER: ("~Waiting for ready instruction file....",),
    REPLMGR: (
        "Scanning normal priority outbound replication directory.",
        "There may be more replication files coming in, wait 5 seconds and scan again.",
    ),
    HMAN: ("{{6562}} INFO: Checking access to SQL Server", "{{6534}} INFO: Beginning processing cycle~"),
    PKGXFER: (
        "Redistribute=0, Related=",
        r"Sending file '\\{server}\SMS_DP$\{hash}-{site}{n5}.1.temp'",
        "Completed post-actions for remote DP {server}",
    ),
}


class Noise:
    """The uninteresting lines of one site.

    Args:
        site: whose names the lines hold.
        rng: decides which lines are written, and when.
        share: how many of all lines are uninteresting, from 0 to below 1.
    """

    def __init__(self, site: Site, rng: random.Random, share: float) -> None:
        self._rng = rng
        self._stop = 1 - share
        self._quiet = share <= 0
        self.threads = [rng.randrange(200, 3000) * 4 for _ in range(5)]
        self._lines = {component: self._variants(site, component) for component in _LINES}

    def after(self, component: str) -> Iterator[tuple[int, int, str]]:
        """Give the lines that follow one line of a component: milliseconds later, thread, message."""
        if self._quiet:
            return
        rng = self._rng
        # A geometric number of lines, whose mean makes the share right over many lines.
        while rng.random() > self._stop:
            yield rng.randrange(3000), rng.choice(self.threads), rng.choice(self._lines[component])

    def flood(self, component: str, count: int) -> Iterator[tuple[int, str]]:
        """Give many lines of a component: thread, message."""
        for _ in range(count):
            yield self._rng.choice(self.threads), self._rng.choice(self._lines[component])

    def _variants(self, site: Site, component: str) -> list[str]:
        rng = self._rng
        templates = [*_LINES[component], *_COMMON, *(_SQL if site.sql_trace else ())]
        if site.era is Era.CM2007:
            templates = [text for text in templates if "32780" not in text]
        return [
            text.format(
                component=component,
                server=site.server,
                site=site.code,
                nal=nal_path(site),
                hash=f"{rng.getrandbits(256):064X}",
                n1=rng.randrange(3),
                n5=rng.randrange(10_000, 100_000),
                ids=_ids(site, rng) if "{ids}" in text else "",
            )
            for text in templates
            for _ in range(_VARIANTS)
        ]


def _ids(site: Site, rng: random.Random) -> str:
    """Return a list of package IDs as SQL has it: short as a rule, at times thousands of characters."""
    count = rng.choice((2, 3, 5, 8, 30, 900))
    return ",".join(f"'{site.code}{rng.getrandbits(20):05X}'" for _ in range(count))
