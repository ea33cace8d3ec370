"""Lines of logs for tests of the matcher."""

from __future__ import annotations

DISTMGR = "SMS_DISTRIBUTION_MANAGER"

BLOCKED_UNIT = (
    r"~Processing incoming file D:\SMS\inboxes\distmgr.box\INCOMING\RD5L85BW.PKG.",
    "Adding package CEN00010 to the active package array.",
    "Adding these contents to the package CEN00010 version 3.",
    "~Updated replicated package info for package CEN00010",
    (
        "Failed to insert SMS Program ID 5 because the referenced program CEN0000E-Install is not present in the "
        "PkgPrograms table. Will try later."
    ),
    "Cannot update the package program for package CEN00010 in the package source, error = 40",
    "Removing package CEN00010 from the active package array.",
)
BLOCKED_NAMES = (
    "incoming_file",
    "package_locked",
    "contents_added",
    "package_info_updated",
    "program_reference_missing",
    "package_program_not_updated",
    "package_unlocked",
)

STATMSG = (
    'STATMSG: ID=2301 SEV=I LEV=M SOURCE="SMS Server" COMP="SMS_DISTRIBUTION_MANAGER" SYS=SRV SITE=PS1 PID=1 TID=2 '
    'GMTDATE=Mon May 16 14:36:10.061 2016 ISTR0="Office" ISTR1="PS100003" ISTR2="" ISTR3="" ISTR4="" ISTR5="" '
    'ISTR6="" ISTR7="" ISTR8="" ISTR9="" NUMATTRS=1 AID0=400 AVAL0="PS100003"'
)

NOISE = (
    "~Use drive E for storing the compressed package.",
    "Performing cleanup prior to returning.",
    "Package CEN00010 is something that nobody has heard of",
    "Adding package to nothing",
    "Failed over to nothing at all",
    "Start validating package CEN00010 on server X...",
    "SQL>>>select * from Errors where Failed = 1",
    "Waiting for changes for 5 minutes",
    "warning: disk almost full",
    "An ERROR that has no entry",
    "the failover is complete",
    "",
)


def sms1(message: str, component: str = DISTMGR) -> str:
    return f"{message}   $$<{component}><Mon Apr 21 09:02:14 1997~><thread=168>"


def named(message: str, component: str = DISTMGR) -> str:
    return f"{message}  $$<{component}><Thu Mar 04 10:15:32.123 2010 Eastern Standard Time><thread=2212 (0x8A4)>"


def biased(message: str, component: str = DISTMGR) -> str:
    return f"{message}  $$<{component}><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>"


def ccm(message: str, component: str = DISTMGR) -> str:
    return (
        f'<![LOG[{message}]LOG]!><time="10:22:01.003+240" date="10-13-2020" component="{component}" context="" '
        'type="1" thread="4188" file="y.cpp:123">'
    )


def article(message: str, component: str = DISTMGR) -> str:
    return f"{component} 3648 (0xe40) {message}"


def viewer(message: str, component: str = DISTMGR) -> str:
    return f"{message} {component} 11/18/2013 7:10:14 PM 4808 (0x12C8)"


def tabbed(message: str, component: str = DISTMGR) -> str:
    return f"{message}\t{component}\t9/14/2016 3:11:09 PM\t4636 (0x121C)"


def plain(message: str, component: str = DISTMGR) -> str:
    return f"{message} {component}"


def alone(message: str, component: str = "") -> str:  # noqa: ARG001  # the form has no place for it
    return message


STAMPED_FORMS = (sms1, named, biased, ccm)
PASTED_FORMS = (article, viewer, tabbed, plain, alone)
