"""Follow hundreds of sites whose logs roll fast, for as long as asked: `python -m bench.soak --minutes 60`.

A writer appends to the logs of many sites and rolls them by rename, as ConfigMgr does; an exporter follows them. In the
end the lines of each log that were written and that the exporter counted are compared, one by one.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import click
from rich.console import Console
from rich.table import Table

from bench.running import Running, running

_LOGS: Final = ("distmgr", "despool", "replmgr", "sched", "sender", "hman")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TICK: Final = 0.1
_STATUS_EVERY: Final = 10
_QUIET_SECONDS: Final = 20.0
_CURVE_ROWS: Final = 10
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Written:
    """One log as its writer knows it."""

    site: str
    log: str
    path: Path
    lines: int = 0
    messages: int = 0
    rolls: int = 0
    size: int = 0
    file: IO[bytes] | None = None

    def append(self, count: int, roll_bytes: int) -> None:
        """Write some lines, a status message among ten, and roll the log once it is large enough."""
        if self.file is None:
            self.file = self.path.open("ab", buffering=0)
        data = b"".join(self._line() for _ in range(count))
        self.file.write(data)
        self.size += len(data)
        if self.size >= roll_bytes:
            self.file.close()
            self.path.replace(self.path.with_suffix(".lo_"))
            self.file, self.size, self.rolls = None, 0, self.rolls + 1

    def _line(self) -> bytes:
        self.lines += 1
        stamp = datetime.now(UTC).strftime("%m-%d-%Y %H:%M:%S.%f")[:-3]
        if self.lines % _STATUS_EVERY:
            text = f"Line {self.lines} of {self.log}, which says nothing that matters"
        else:
            self.messages += 1
            text = (
                f'STATMSG: ID=500 SEV=I LEV=M SOURCE="SMS Server" COMP="SMS_SOAK" SYS={self.site}01 SITE={self.site} '
                f'PID=1 TID=2 GMTDATE=Thu Mar 04 10:15:32.123 2010 ISTR0="{self.lines}" NUMATTRS=0'
            )
        return f"{text}  $$<SMS_SOAK><{stamp}+0><thread=4724 (0x1274)>\r\n".encode()


@dataclass(slots=True)
class Seen:
    """What the exporter tells at one moment, so many seconds after the start."""

    seconds: float = 0
    lines: dict[tuple[str, str], float] = field(default_factory=dict)
    messages: dict[str, float] = field(default_factory=dict)
    rollovers: float = 0
    gaps: float = 0
    memory: float = 0
    files: float = 0


def see(exporter: Running) -> Seen:
    """Scrape the exporter."""
    seen = Seen()
    for name, labels, value in _samples(exporter.get("/metrics")[1].decode()):
        if name == "configmgr_log_lines_total":
            seen.lines[labels["site"], labels["log"]] = value
        elif name == "configmgr_status_messages_total":
            seen.messages[labels["site"]] = seen.messages.get(labels["site"], 0) + value
        elif name == "configmgr_log_rollovers_total":
            seen.rollovers += value
        elif name == "configmgr_log_gaps_total":
            seen.gaps += value
        elif name == "process_resident_memory_bytes":
            seen.memory = value / 1e6
        elif name == "process_open_fds":
            seen.files = value
    return seen


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for name, labels, value in _SAMPLE.findall(text):
        yield name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)


def make_logs(folder: Path, sites: int) -> list[Written]:
    """Make the empty folders of the sites."""
    logs = []
    for number in range(sites):
        site = f"S{_DIGITS[number // 36]}{_DIGITS[number % 36]}"
        place = folder / f"SMS_{site}" / "Logs"
        place.mkdir(parents=True)
        logs += [Written(site, log, place / f"{log}.log") for log in _LOGS]
    return logs


def write(logs: list[Written], rate: float, roll_bytes: int, stop: threading.Event) -> None:
    """Write so many lines a second, spread over all the logs, until told to stop."""
    per_log = max(1, round(rate * _TICK * 10 / len(logs)))
    turn, owed = 0, 0.0
    while not stop.is_set():
        began = time.perf_counter()
        owed += rate * _TICK
        while owed >= per_log:
            logs[turn % len(logs)].append(per_log, roll_bytes)
            turn, owed = turn + 1, owed - per_log
        time.sleep(max(0.0, _TICK - (time.perf_counter() - began)))


@click.command()
@click.option("--minutes", type=float, default=5.0, show_default=True, help="How long to write.")
@click.option("--sites", type=click.IntRange(1, 1296), default=300, show_default=True)
@click.option("--rate", type=float, default=10_000, show_default=True, help="Lines a second, in all.")
@click.option("--roll-bytes", type=int, default=24_000, show_default=True, help="Size at which a log rolls.")
@click.option(
    "--kill-every", type=float, default=0.0, help="Kill the exporter (-9) and start it again every so many seconds."
)
def main(minutes: float, sites: int, rate: float, roll_bytes: int, kill_every: float) -> None:
    """Show that no line is lost or counted twice, and that memory and open files stay flat."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        logs = make_logs(folder / "sites", sites)
        for log in logs:
            log.append(1, roll_bytes)
        stop = threading.Event()
        writer = threading.Thread(target=write, args=(logs, rate, roll_bytes, stop), name="writer", daemon=True)
        began = time.monotonic()
        end = began + minutes * 60
        samples: list[Seen] = []
        kills = 0
        writer.start()
        while True:
            with running(folder / "sites", "--state.dir", folder / "state") as exporter:
                exporter.wait("/-/ready")
                lives_until = min(end, time.monotonic() + kill_every) if kill_every else end
                samples += _watch(exporter, began, lives_until, console)
                if time.monotonic() >= end:
                    stop.set()
                    writer.join()
                    samples.append(_drain(exporter, logs))
                    samples[-1].seconds = time.monotonic() - began
                    break
                exporter.kill()
                kills += 1
    _print(console, logs, samples, minutes, kills)


def _watch(exporter: Running, began: float, until: float, console: Console) -> list[Seen]:
    samples = []
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(10.0, left))
        samples.append(see(exporter))
        samples[-1].seconds = time.monotonic() - began
        if console.is_terminal:
            console.print(f"{sum(samples[-1].lines.values()):,.0f} lines, {samples[-1].memory:.0f} MB", end="\r")
    return samples


def _drain(exporter: Running, logs: list[Written]) -> Seen:
    """Wait until everything that was written has been read, or nothing more is."""
    written = sum(log.lines for log in logs)
    seen, quiet_since = see(exporter), time.monotonic()
    while sum(seen.lines.values()) != written and time.monotonic() - quiet_since < _QUIET_SECONDS:
        time.sleep(1.0)
        newer = see(exporter)
        if newer.lines != seen.lines:
            quiet_since = time.monotonic()
        seen = newer
    return seen


def _print(console: Console, logs: list[Written], samples: list[Seen], minutes: float, kills: int) -> None:
    last = samples[-1]
    differences = [last.lines.get((log.site, log.log), 0) - log.lines for log in logs]
    lost, doubled = -sum(d for d in differences if d < 0), sum(d for d in differences if d > 0)
    messages = sum(last.messages.values()) - sum(log.messages for log in logs)
    table = Table(
        title=f"{len(logs)} logs of {len(logs) // len(_LOGS)} sites for {minutes:g} minutes", title_justify="left"
    )
    table.add_column("what")
    table.add_column("figure", justify="right")
    for what, figure in (
        ("lines written", f"{sum(log.lines for log in logs):,}"),
        ("rollovers", f"{sum(log.rolls for log in logs):,}"),
        ("exporter killed and started again", str(kills)),
        ("lines lost", f"{lost:.0f}"),
        ("lines counted twice", f"{doubled:.0f}"),
        ("status messages lost (-) or doubled (+)", f"{messages:+.0f}"),
        ("gaps", f"{last.gaps:.0f}"),
    ):
        table.add_row(what, figure)
    console.print(table)
    console.print(_curve(samples))
    sys.exit(1 if lost or doubled or messages or last.gaps else 0)


def _curve(samples: list[Seen]) -> Table:
    """Show how memory and open files went, over ten parts of the run: what is not flat grows from row to row."""
    table = Table(title="over time: least and most of each part", title_justify="left")
    for column in ("minutes", "lines", "memory, MB", "open files"):
        table.add_column(column, justify="right")
    size = -(-len(samples) // _CURVE_ROWS)
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        table.add_row(
            f"{part[-1].seconds / 60:.1f}",
            f"{sum(part[-1].lines.values()):,.0f}",
            f"{min(s.memory for s in part):.0f} .. {max(s.memory for s in part):.0f}",
            f"{min(s.files for s in part):.0f} .. {max(s.files for s in part):.0f}",
        )
    return table


if __name__ == "__main__":
    main()
