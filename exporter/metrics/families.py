"""The rows of every family of the contract: from state to label values and numbers."""

from __future__ import annotations

from collections.abc import Callable

from exporter.metrics import logs, replication, transport
from exporter.metrics.contract import PROCESS_FAMILIES
from exporter.metrics.rows import RawRow, Table, to_rows
from exporter.metrics.views import ExporterFacts, SiteView

_SITE_SOURCES = replication.SOURCES | transport.SOURCES | logs.SOURCES

_EXPORTER_SOURCES: dict[str, Callable[[ExporterFacts], RawRow]] = {
    "configmgr_exporter_build_info": lambda f: ((f.version, f.python_version), 1),
    "configmgr_exporter_config_last_reload_successful": lambda f: ((), f.reload_ok and f.web_config_ok is not False),
    "configmgr_exporter_config_last_reload_success_timestamp_seconds": lambda f: ((), f.reload_time),
    "configmgr_exporter_checkpoint_last_save_successful": lambda f: ((), f.checkpoint_ok),
    "configmgr_exporter_checkpoint_last_success_timestamp_seconds": lambda f: ((), f.checkpoint_time),
    "configmgr_exporter_checkpoint_failures_total": lambda f: ((), f.checkpoint_failures),
    "configmgr_exporter_textfile_last_write_successful": lambda f: ((), f.textfile_ok),
    "configmgr_exporter_scans_total": lambda f: ((), f.scans),
    "configmgr_exporter_scan_seconds_total": lambda f: ((), f.scan_seconds),
    "configmgr_exporter_last_scan_timestamp_seconds": lambda f: ((), f.last_scan),
    "configmgr_exporter_faults_total": lambda f: ((), f.faults),
}


def site_table(view: SiteView) -> Table:
    """Return the rows of every family that speaks of a site, by family name, oldest first within a family."""
    with view.lock:
        return {name: to_rows(source(view)) for name, source in _SITE_SOURCES.items()}


def exporter_table(facts: ExporterFacts) -> Table:
    """Return the rows of every family that speaks of the exporter itself, but the one that counts what is left out."""
    table = {name: to_rows([source(facts)]) for name, source in _EXPORTER_SOURCES.items()}
    return table | {name: to_rows([((), facts.process.get(name))]) for name in PROCESS_FAMILIES}
