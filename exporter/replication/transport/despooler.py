"""despool.log: what a parent has sent is unpacked, or put off.

The main thread finds an instruction and then tells which thread it gives it to. A failing one is put off under a file
name that is found again later, and only then does a line name its job: name and job are kept together until it goes
through.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.fields import base_name, integer, key_of, text
from exporter.replication.limits import MAX_OPEN, count
from exporter.replication.state import LinkBasis, SiteState, Tally, ThreadUse, TroubleKind
from exporter.replication.transport.requests import MAX_REQUESTS, link
from exporter.replication.transport.troubles import About, Troubles

NAMES = frozenset(
    {
        "instruction_found",
        "despooling_thread_created",
        "despooling_threads_used",
        "despooling_thread_awaited",
        "signature_verified",
        "instruction_executing",
        "content_received",
        "content_before_definition",
        "despooler_retry_created",
        "instruction_failed",
        "instruction_postponed",
        "instruction_executed",
        "package_file_missing",
        "instruction_locked",
        "instruction_not_decompressed",
    }
)

_PACKAGE = "PACKAGE"
"""The end of the type of an instruction that brings one."""


@dataclass(slots=True)
class Instruction:
    """The instruction that a thread carries out.

    Attributes:
        name: of its file, without suffix and prefix.
        from_site: the site that sent it, once its signature was checked.
        job: that site's job, once a line named it.
        package: the package, once a line named it.
        early: whether a line said that the package's information has not arrived yet.
        type: what the instruction is for, once a line said so.
        retried: whether a line said that it will be tried again.
    """

    name: str = ""
    from_site: str = ""
    job: str = ""
    package: str = ""
    early: bool = False
    type: str = ""
    retried: bool = False


@dataclass(slots=True)
class Despooler:
    """What the threads are at, the instruction found last by log, and site and job of those put off, by their name."""

    found: dict[str, str] = field(default_factory=dict)
    threads: dict[tuple[str, int | None], Instruction] = field(default_factory=dict)
    put_off: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, state: SiteState, troubles: Troubles, event: Event) -> None:
        """Take one line of the despooler (`NAMES`)."""
        match event.name:
            case "instruction_found":
                self._find(event)
            case "despooling_thread_created":
                if event.thread is not None:
                    self._begin((event.log, integer(event, "thread_id")), self.found.get(event.log, ""))
            case "despooling_threads_used":
                used, allowed = integer(event, "used"), integer(event, "allowed")
                if used is not None and allowed is not None:
                    state.transport.threads["despool"] = ThreadUse(used, allowed, event.time)
            case "despooling_thread_awaited":
                count(state, Tally.DESPOOLER_THREAD_WAITS, ())
            case _:
                self._work(state, troubles, event)

    def interrupted(self, state: SiteState, troubles: Troubles, log: str) -> None:
        """Forget what the threads were at, and what was put off: lines were lost."""
        known = self.found.pop(log, None) is not None
        for key in [key for key in self.threads if key[0] == log]:
            known = True
            del self.threads[key]
        if known:
            self.put_off.clear()
            troubles.forget_retries(state)

    def _find(self, event: Event) -> None:
        name = _stem(text(event, "file"))
        if event.log not in self.found and len(self.found) >= MAX_OPEN:
            del self.found[next(iter(self.found))]
        self.found[event.log] = name
        self._begin(key_of(event), name)  # the thread that finds it carries it out, up to SMS 1.x

    def _begin(self, key: tuple[str, int | None], name: str) -> Instruction:
        self.threads.pop(key, None)
        if len(self.threads) >= MAX_OPEN:
            del self.threads[next(iter(self.threads))]
        site, job = self.put_off.get(name, ("", ""))
        self.threads[key] = Instruction(name, site, job)
        return self.threads[key]

    def _work(self, state: SiteState, troubles: Troubles, event: Event) -> None:
        """Take a line of a thread at work."""
        at = self.threads.get(key_of(event)) or self._begin(key_of(event), "")
        match event.name:
            case "signature_verified":
                at.from_site = text(event, "from_site")
            case "instruction_executing":
                at.type = text(event, "type").upper()
                if at.type.endswith(_PACKAGE):
                    link(state, at.from_site, state.site, LinkBasis.INFERRED)
            case "content_received":
                at.package = text(event, "package")
            case "content_before_definition":
                at.package, at.early = text(event, "package"), True
            case "despooler_retry_created":
                at.job, at.retried = text(event, "job"), True
                kind = TroubleKind.CONTENT_BEFORE_DEFINITION if at.early else TroubleKind.DESPOOLER_RETRY
                troubles.add(state, event, (kind, at.from_site, at.job), About(at.package))
                count(state, Tally.DESPOOLER_INSTRUCTIONS, (at.from_site, "retried"))
            case "instruction_postponed":
                self._put_off(_stem(text(event, "file")), at)
            case "instruction_executed":
                count(state, Tally.DESPOOLER_INSTRUCTIONS, (at.from_site, "executed"))
                troubles.end(state, at.from_site, at.job, at.name)
                self.put_off.pop(at.name, None)
                del self.threads[key_of(event)]
            case _:
                self._failed(state, troubles, event, at)

    def _failed(self, state: SiteState, troubles: Troubles, event: Event, at: Instruction) -> None:
        """Take a line of an instruction that fails.

        It is lost when nothing says that it is tried again; what cannot even be opened may bring a package. One that
        is not known to bring a package, when it fails, brings something else: clients' files fail often.
        """
        lost = True
        if event.name == "package_file_missing":
            at.package, at.job = text(event, "package"), text(event, "job")
        elif event.name == "instruction_failed":
            count(state, Tally.DESPOOLER_INSTRUCTIONS, (at.from_site, "failed"))
            lost = not at.retried and bool(at.package or at.type.endswith(_PACKAGE))
            at.retried = False
        if not lost:
            return
        name = at.job or at.name or _stem(text(event, "file"))
        key = TroubleKind.INSTRUCTION_LOST, at.from_site, name
        troubles.add(state, event, key, About(at.package, integer(event, "win32_error")))

    def _put_off(self, name: str, at: Instruction) -> None:
        self.put_off.pop(at.name, None)
        self.put_off[name] = at.from_site, at.job
        if len(self.put_off) > MAX_REQUESTS:
            del self.put_off[next(iter(self.put_off))]


def _stem(file: str) -> str:
    """Return what one instruction's files have in common: `202SQCS1.sni`, `ds_202sqcs1.ist`."""
    return base_name(file).rpartition(".")[0].lower().removeprefix("ds_")
