"""What to do about what may block no task sequence yet: late content, unreadable sources, and other troubles.

As in `remedy`, each list of steps ends with what to look at afterwards. Those of a missing program are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from exporter.replication.cause import Cause, named
from exporter.replication.state import SourceError, SourceReason, Trouble, TroubleKind, Waiting, owner_of

_WRONG_AT_SOURCE: Final = {
    2: "the path must exist",
    3: "the path must exist",
    5: "the computer account of the site server must have the right to read it, on the share and on the folder; that "
    "you can open it yourself proves nothing",
    32: "a file in it is open elsewhere: close it, or exclude the folder from the virus scanner",
    53: "its server must answer, and the name must be right",
    64: "its server must answer, and keep the connection",
    67: "the server must have a share of that name",
}
"""What must be so that each Windows error comes no more; see `win32` for the source of their meaning."""


def for_waiting(site: str, waiting: Waiting, cause: Cause | None = None) -> list[str]:
    """Return the steps for a package whose content is late at a site, where known for what keeps it away."""
    package, here = waiting.package, named(site)
    arrive = (
        f'See it arrive: despool.log on {here} shows "Stored Package {package}", and the next lines on {package} in '
        "distmgr.log do not say that it has not arrived. The site tries again by itself."
    )
    resend = f"update the distribution points of {package} {_at_owner(package)}"
    if cause is not None:
        return [
            f"Mend what keeps it away: {cause.words}.",
            f"If it does not come by itself then, {resend}, so that it is sent again.",
            arrive,
        ]
    sender = waiting.from_site or owner_of(package)
    there = f"on {sender}" if sender else "at the site that sends it"
    follow = (
        f"Follow the content of {package} to {here}, and mend where its way ends. {_capital(there)}: distmgr.log shows "
        f'"Created minijob to send compressed copy of package {package}", sched.log a send request, sender.log '
        f'"Finished sending SWD package {package}". On {here}: despool.log shows "Stored Package {package}".'
    )
    without = (
        f"If there is no minijob, {resend}. If there is one and no end of sending, a schedule or a bandwidth limit of "
        "the address may hold it back on purpose."
    )
    return [follow, without, arrive]


def for_source_error(site: str, error: SourceError) -> list[str]:
    """Return the steps for a package whose source its owner cannot read."""
    package, here = error.package, named(site)
    path = error.source_path or "its source folder"
    again = (
        f"Update the distribution points of {package}, so that the source is read again. Afterwards distmgr.log on "
        f'{here} shows "Taking package snapshot for package {package}" without an error after it, and then status '
        "message 2301 for the package."
    )
    if error.reason is SourceReason.COMPRESSION:
        mend = (
            f"Look at the files in the source folder of {package}, on {here}: alternate data streams, which a copy to "
            "a drive without NTFS and back takes away, a file that is open elsewhere, a path that is too long; and at "
            "the room on the drive that holds the compressed copies."
        )
    elif error.reason is SourceReason.SNAPSHOT:
        mend = (
            f'Look in distmgr.log on {here} at the lines before "Failed to take snapshot of package {package}", and '
            f"mend what they name: a file in {path} that is open elsewhere or has too long a path, or a full drive."
        )
    else:
        wrong = _WRONG_AT_SOURCE.get(
            error.win32_error or 0, "it must exist, and the computer account of the site server must be able to read it"
        )
        mend = f"Mend the data source of {package} on {here}, {path}: {wrong}."
    return [mend, again]


def for_trouble(site: str, trouble: Trouble) -> list[str]:
    """Return the steps for something that keeps packages from getting on at a site."""
    return _TROUBLE_STEPS[trouble.kind](named(site), trouble.site or "the other site", trouble)


def _at_owner(package: str) -> str:
    owner = owner_of(package)
    return f"on {owner}" if owner else "at the site that owns it"


def _package_of(trouble: Trouble) -> str:
    return trouble.package or "the package that the lines name"


def _point_of(trouble: Trouble) -> str:
    return trouble.point or "the distribution point"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _not_active(here: str, there: str, _: Trouble) -> list[str]:
    return [
        f"See in the console why {there} is not active for {here}: not attached, or still being installed.",
        *_send_again(here, there),
    ]


def _no_address(here: str, there: str, _: Trouble) -> list[str]:
    return [
        f"Make an address of {there} on {here}, with an account that may write to its share SMS_SITE.",
        *_send_again(here, there),
    ]


def _no_request_id(here: str, _there: str, _: Trouble) -> list[str]:
    return [
        (
            f"Restore the files of request IDs in inboxes\\schedule.box\\UID on {here}, which are gone or cannot be "
            "written, and restart the scheduler."
        ),
        *_send_again(here, "other sites"),
    ]


def _send_again(here: str, there: str) -> list[str]:
    return [
        (
            f"Touch each package that was changed meanwhile: change any property, apply, change it back. What {here} "
            f"gave up is not sent again by itself. Afterwards sched.log on {here} shows a send request for {there}."
        )
    ]


def _connection(here: str, there: str, _: Trouble) -> list[str]:
    return [
        (
            f"See that the site server of {there} runs, and open its share SMS_SITE from {here} with the account of "
            "the address. Errors 53 and 64 are the network or a firewall, 5 and 1326 the account, 67 the share."
        ),
        (
            f"Wait for the next try, within an hour: sender.log on {here} then shows a package or a request finished "
            f"for {there}. Restarting the sender tries at once."
        ),
    ]


def _despooler(here: str, _there: str, _: Trouble) -> list[str]:
    return [
        (
            f"Mend the despooler of {here}: room on its drives, rights on inboxes\\despoolr.box, and no virus scanner "
            'that holds files open there. The lines before "Created retry instruction" in despool.log say what is '
            "wrong."
        ),
        (
            f'Wait some minutes: despool.log on {here} then shows "Despooler successfully executed one instruction" '
            "without a retry before it. If one package fails each time, send its content again from its owner."
        ),
    ]


def _too_early(here: str, _there: str, trouble: Trouble) -> list[str]:
    package = _package_of(trouble)
    return [
        (
            f"Touch {package} {_at_owner(trouble.package)}, so that its definition is sent again: change any "
            "property, apply, change it back. Since ConfigMgr 2012 it comes by SQL replication instead: "
            "see in the console, under Database Replication, that the link is active."
        ),
        f'Wait some minutes: despool.log on {here} then shows "Stored Package" for it.',
    ]


def _lost(here: str, there: str, trouble: Trouble) -> list[str]:
    package = _package_of(trouble)
    return [
        (
            f"See whether {here} lacks anything that {there} sent then; if so, send {package} again from its owner: "
            "touch it, or update its distribution points for its content."
        ),
        (
            f'Where a file is locked, restart the despooler. Afterwards despool.log on {here} shows "Despooler '
            'successfully executed one instruction".'
        ),
    ]


def _scheduler(here: str, _there: str, _: Trouble) -> list[str]:
    return [
        (
            f"Give the account that {here} uses to reach its own share SMS_SITE full rights on it and on "
            "despoolr.box\\receive: the scheduler works under that account too."
        ),
        f"What waits is not lost: sched.log on {here} shows new send requests once it goes on.",
    ]


def _refused(here: str, _there: str, trouble: Trouble) -> list[str]:
    package = _package_of(trouble)
    return [
        (
            f"Remove from {package}, {_at_owner(trouble.package)}, the distribution point that the lines name: its "
            f"site is not known to {here}, and may be gone. Where the lines say that the package itself is not known, "
            f"delete what {here} still has of it, or send it again from its owner."
        ),
        (
            f"Touch {package}, so that a definition without it comes. Afterwards distmgr.log on {here} shows a unit of "
            "it without a failing line; the file that failed may be taken out of distmgr.box\\INCOMING."
        ),
    ]


def _not_unpacked(here: str, _there: str, trouble: Trouble) -> list[str]:
    package = _package_of(trouble)
    return [
        (
            f"See that the drives of {here} have room. Then look at the source files of {package}: empty files, "
            "alternate data streams and long names are known to do this."
        ),
        (
            f"Update the distribution points of {package}, so that its content is made and sent again. Afterwards "
            f"distmgr.log on {here} shows status message 2301 for it."
        ),
    ]


def _point(here: str, _there: str, trouble: Trouble) -> list[str]:
    point = _point_of(trouble)
    return [
        (
            f"Open \\\\{point}\\ADMIN$ from {here} as the computer account of the site server. Errors 53 and 64 are "
            "the network, a name or a firewall, 5 is the account."
        ),
        (
            f'The site tries again by itself: distmgr.log on {here} then shows "Created package transfer job" for '
            f"{point}."
        ),
    ]


def _transfer(here: str, _there: str, trouble: Trouble) -> list[str]:
    package, point = _package_of(trouble), _point_of(trouble)
    return [
        (
            f"Errors 2 and 3: the content library of {here} lacks files of {package}; have its content sent to {here} "
            f"again from its owner. Other errors: look in smsdpprov.log on {point} at that time."
        ),
        (
            f'The transfer is tried again by itself: pkgxfermgr.log on {here} then shows "Finished sending SWD package '
            f'{package}" to {point}.'
        ),
    ]


_TROUBLE_STEPS: Final[dict[TroubleKind, Callable[[str, str, Trouble], list[str]]]] = {
    TroubleKind.SITE_NOT_ACTIVE: _not_active,
    TroubleKind.NO_ADDRESS: _no_address,
    TroubleKind.NO_REQUEST_ID: _no_request_id,
    TroubleKind.PUT_ASIDE: _connection,
    TroubleKind.CONNECTION_FAILED: _connection,
    TroubleKind.DESPOOLER_RETRY: _despooler,
    TroubleKind.CONTENT_BEFORE_DEFINITION: _too_early,
    TroubleKind.INSTRUCTION_LOST: _lost,
    TroubleKind.SCHEDULER_STOPPED: _scheduler,
    TroubleKind.DEFINITION_REFUSED: _refused,
    TroubleKind.CONTENT_NOT_UNPACKED: _not_unpacked,
    TroubleKind.DISTRIBUTION_POINT_UNREACHABLE: _point,
    TroubleKind.TRANSFER_FAILED: _transfer,
}
