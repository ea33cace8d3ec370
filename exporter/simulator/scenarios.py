"""One small plan for each thing that goes wrong, to try an explanation against the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from exporter.simulator.hierarchy import Era, Package, Reference, Site
from exporter.simulator.plan import (
    Alter,
    BadSource,
    Broken,
    Burst,
    Change,
    Create,
    CutOff,
    Delete,
    DespoolerRetries,
    Drop,
    Fault,
    Incident,
    LateContent,
    LateDefinition,
    NeverSent,
    NotActive,
    Plan,
    ProgramDeleted,
    Restart,
    ServerRefused,
    SnapshotFails,
    Touch,
)

_HOUR = 3600
_START = datetime(2010, 3, 4, 13, 0, tzinfo=UTC)
_OLD = (
    Site("CEN", None, "Eastern Standard Time"),
    Site("CHI", "CEN", "Central Standard Time"),
    Site("LON", "CEN", "GMT Standard Time", sql_trace=True),
    Site("DEN", "CHI", "Mountain Standard Time"),
)
_BELOW = ("CHI", "LON", "DEN")
_NEW = tuple(replace(site, era=Era.CM2012, install_dir=r"E:\ConfigMgr") for site in _OLD)
_MIDDLE = tuple(replace(site, era=Era.CM2012) if site.code == "CHI" else site for site in _OLD)
_MIXED = tuple(replace(site, era=Era.CM2012) if site.code in {"CEN", "LON"} else site for site in _OLD)

_DRIVERS = Package("CEN00012", "Laptop drivers", ("Install drivers",), r"\\FILES01\Drivers\Laptops", 31_000, (), _BELOW)
_TOOLS = Package("CEN0000A", 'Tools "x86" $$<beta>', ("Run ImageX - silent",), r"\\CENSITE\Source\Tools", 9_100)
_RUN_DRIVERS, _RUN_TOOLS = Reference("CEN00012", "Install drivers"), Reference("CEN0000A", "Run ImageX - silent")
_RUN_NEW = Reference("CEN00012", "Install drivers 2.0")
_LAPTOPS = Package("CEN00021", "Deploy Windows 7 to laptops", references=(_RUN_TOOLS, _RUN_DRIVERS))
_NEWER = replace(_DRIVERS, programs=("Install drivers", "Install drivers 2.0"))
_BOTH = (Create(600, _DRIVERS), Create(1800, _LAPTOPS))
_BAD = BadSource("CEN00012", 0, 3 * _HOUR)
_NO_REQUEST_ID, _NO_ADDRESS, _SILENT = (NeverSent("CEN", "CHI", 0, 1500, 3 * _HOUR, how=how) for how in Drop)


class Scenario(NamedTuple):
    """What happens, when it can be seen, and when it is over. Times are seconds from the start."""

    changes: tuple[Change, ...]
    incidents: tuple[Incident, ...]
    standing: tuple[Package, ...] = (_TOOLS,)
    sites: tuple[Site, ...] = _OLD
    unread: tuple[str, ...] = ()
    seen: int = 2 * _HOUR
    over: int = 6 * _HOUR


SCENARIOS = {
    "healthy": Scenario((*_BOTH, Touch(7200, "CEN00021")), (), seen=3 * _HOUR),
    "source_access_denied": Scenario(_BOTH, (_BAD,)),
    "source_not_found": Scenario(_BOTH, (replace(_BAD, win32_error=3),)),
    "source_on_lost_network": Scenario(_BOTH, (replace(_BAD, win32_error=53),)),
    "snapshot_failed": Scenario(_BOTH, (SnapshotFails("CEN00012", 0, 3 * _HOUR),)),
    "late_content": Scenario(
        (Alter(600, _NEWER, refresh=True), Create(1800, replace(_LAPTOPS, references=(_RUN_NEW,)))),
        (LateContent("CEN00012", "CHI", 0, 3 * _HOUR),),
        standing=(_TOOLS, _DRIVERS),
    ),
    "late_content_2012": Scenario(_BOTH, (LateContent("CEN00012", "CHI", 0, 3 * _HOUR),), sites=_NEW),
    "program_deleted": Scenario(
        (Touch(1800, "CEN00021"),),
        (ProgramDeleted("DEN", _RUN_DRIVERS, 900, 3 * _HOUR),),
        standing=(_TOOLS, _DRIVERS, _LAPTOPS),
    ),
    "never_sent_no_request_id": Scenario(_BOTH, (_NO_REQUEST_ID,)),
    "never_sent_no_address": Scenario(_BOTH, (_NO_ADDRESS,)),
    "nothing_sent_no_request_id": Scenario(
        _BOTH, tuple(replace(_NO_REQUEST_ID, destination=child, end=3 * _HOUR) for child in ("CHI", "LON"))
    ),
    "nothing_sent_no_address": Scenario(_BOTH, (replace(_NO_ADDRESS, end=3 * _HOUR),)),
    "site_not_active": Scenario(_BOTH, (NotActive("CEN", "CHI", 0, 1500, 3 * _HOUR),), sites=_MIXED),
    "site_not_active_2012": Scenario(_BOTH, (NotActive("CEN", "CHI", 0, 3 * _HOUR, 3 * _HOUR),), sites=_NEW),
    "lost_without_a_line": Scenario(
        (
            Create(300, _DRIVERS),
            Alter(2000, _NEWER, refresh=True),
            Create(3000, replace(_LAPTOPS, references=(_RUN_NEW,))),
        ),
        (replace(_SILENT, start=1900, end=2800),),
    ),
    "new_package_lost_without_a_line": Scenario(_BOTH, (_SILENT,)),
    "definition_not_replicated": Scenario(_BOTH, (LateDefinition("CEN00012", "CHI", 0, 3 * _HOUR),), sites=_MIDDLE),
    "site_put_aside": Scenario(_BOTH, (CutOff("CEN", "CHI", 300, 3 * _HOUR),)),
    "late_content_2007": Scenario(_BOTH, (LateContent("CEN00012", "CHI", 0, 3 * _HOUR),)),
    "sender_cut_off": Scenario(_BOTH, (CutOff("CEN", "CHI", 300, 1500),), seen=3000, over=3 * _HOUR),
    "despooler_retrying": Scenario(_BOTH, (DespoolerRetries("CHI", "CEN00012", 0, 3 * _HOUR),)),
    "restart_in_unit": Scenario(_BOTH, (_BAD, Restart("CHI", 2700), Restart("CEN", 3000, mid_unit=False))),
    "rollover_in_unit": Scenario(_BOTH, (_BAD, Burst("CHI", 2700))),
    "package_deleted": Scenario((*_BOTH, Delete(5400, "CEN00021")), (_BAD,)),
    "newer_version_while_blocked": Scenario((*_BOTH, Touch(4000, "CEN00021"), Touch(5000, "CEN00021")), (_BAD,)),
    "two_missing_references": Scenario(
        (Create(500, _TOOLS), *_BOTH),
        (BadSource("CEN0000A", 0, _HOUR, win32_error=2), _BAD),
        standing=(),
        seen=3000,
    ),
    "second_of_two_missing_references": Scenario(
        (Create(500, _TOOLS), *_BOTH), (BadSource("CEN0000A", 0, _HOUR, win32_error=2), _BAD), standing=()
    ),
    "server_refused": Scenario(_BOTH, (ServerRefused("CHI", "CEN00012", 0, 3 * _HOUR),)),
    "refused_on_the_way": Scenario(
        (Create(500, _TOOLS), Create(1800, replace(_LAPTOPS, references=(_RUN_TOOLS,)))),
        (ServerRefused("CHI", "CEN0000A", 0, 3 * _HOUR),),
        standing=(),
    ),
    "compression_failed": Scenario(_BOTH, (Broken(Fault.COMPRESSION, "CEN", "CEN00012", 0, 3 * _HOUR),)),
    "scheduler_stopped": Scenario(_BOTH, (Broken(Fault.SCHEDULER, "CEN", "", 0, 3 * _HOUR),)),
    "instruction_lost": Scenario(_BOTH, (Broken(Fault.INSTRUCTION, "CHI", "CEN00012", 0, 3 * _HOUR),)),
    "content_not_unpacked": Scenario(_BOTH, (Broken(Fault.UNPACKING, "CHI", "CEN00012", 0, 3 * _HOUR),)),
    "distribution_point_unreachable": Scenario(
        _BOTH, (Broken(Fault.POINT, "CHI", "CEN00012", 0, 3 * _HOUR),), sites=_NEW
    ),
    "transfer_failed": Scenario(_BOTH, (Broken(Fault.TRANSFER, "CHI", "CEN00012", 0, 3 * _HOUR),), sites=_NEW),
    "owner_not_read": Scenario(_BOTH, (_BAD,), unread=("CEN",)),
    "mixed_eras": Scenario(_BOTH, (_BAD,), sites=_MIXED),
}


def scenario_plan(name: str, *, over: bool = False, seed: int = 1) -> Plan:
    """Return the plan of one scenario.

    Args:
        name: one of `SCENARIOS`.
        over: whether the plan runs on until all is mended; else it ends while the trouble can be seen.
        seed: gives other random names, threads and spans of time.
    """
    scenario = SCENARIOS[name]
    return Plan(
        name=name,
        sites=scenario.sites,
        start=_START,
        duration=timedelta(seconds=scenario.over if over else scenario.seen),
        standing=scenario.standing,
        changes=scenario.changes,
        incidents=scenario.incidents,
        unread=scenario.unread,
        seed=seed,
    )
