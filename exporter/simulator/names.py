"""Names that the product writes into its logs."""

from __future__ import annotations

from exporter.simulator.hierarchy import Era, Site

DISTMGR = "SMS_DISTRIBUTION_MANAGER"
SCHEDULER = "SMS_SCHEDULER"
SENDER = "SMS_LAN_SENDER"
DESPOOLER = "SMS_DESPOOLER"
REPLMGR = "SMS_REPLICATION_MANAGER"
HMAN = "SMS_HIERARCHY_MANAGER"
PKGXFER = "SMS_PACKAGE_TRANSFER_MANAGER"

# Distribution manager's thread for incoming files, beside its main thread.
REPLICATION = "SMS_DISTRIBUTION_MANAGER replication"

LOG_OF = {
    DISTMGR: "distmgr",
    SCHEDULER: "sched",
    SENDER: "sender",
    DESPOOLER: "despool",
    REPLMGR: "replmgr",
    HMAN: "hman",
    PKGXFER: "pkgxfermgr",
}

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def nal_path(site: Site) -> str:
    """Return the name of a site's distribution point as the product writes it (a network abstraction layer path)."""
    share = rf"\\{site.server}\SMSPKGE$" if site.era is Era.CM2007 else rf"\\{site.server}"
    return rf'["Display={share}\"]MSWNET:["SMS_SITE={site.code}"]{share}' + "\\"
