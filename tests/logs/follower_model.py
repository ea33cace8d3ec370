"""A world that writes, rolls, cuts off and deletes a log while a follower reads it, and that knows every line.

`python -m tests.logs.follower_model --steps 1000000` runs random histories; `test_follower_model.py` runs a few, and
lets hypothesis look for the shortest one that goes wrong.

What is demanded of the follower: no line is delivered twice; lines are delivered in order; a line that is missing lies
where a gap was reported; a gap is reported only where something was lost. What no follower could know is excused: a
file that came and went with nothing of it read, lines that came between the copying of a file and its cutting off.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.logs.block import Block
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import PATIENCE, TRUST, Follower
from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.logs.position import HEAD, Position
from exporter.logs.volume import Trouble, VolumeError
from tests.logs.memory import MemoryFile, MemoryVolume, nothing

CURRENT = "distmgr.log"
ROLLED = "distmgr.lo_"
HISTORY = 3
MAX_READ = 512
HEADERS = [b"", b"\xef\xbb\xbf", b"SMS trace, version 5\r\n"]
_STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=1 (0x1)>\r\n"
_CCM = b'<![LOG[%b]LOG]!><time="06:26:25.828-60" date="06-14-2018" component="X" thread="1" file="#%07d">\r\n'
_LINE = re.compile(rb"#(\d+) x*" + re.escape(_STAMP) + rb'|<!\[LOG\[x*\]LOG\]!>[^\n]*file="#(\d+)">\r\n')


def line_text(number: int, *, late: bool = False) -> bytes:
    """Make the line of a number; lengths vary, and some lines are longer than a read.

    Args:
        number: of the line, which tells it from others.
        late: whether it stands at the end, as a stamp does in the `<![LOG[` form, and so many bytes before it are
            alike that files may begin alike for longer than a file's head.
    """
    if late:
        return _CCM % (b"x" * (number * 37 % 3 * 70 + (HEAD + 100 if number % 5 == 0 else 0)), number)
    return b"#%07d %b%b" % (number, b"x" * (number * 37 % 101 + (900 if number % 23 == 0 else 0)), _STAMP)


def _numbers(data: bytes) -> Iterator[tuple[int, int]]:
    """Find the lines in some bytes: the number of each, and where it ends."""
    for match in _LINE.finditer(data):
        yield int(match[1] or match[2]), match.end()


Act = tuple[str, int | None]
"""Name of a method of `World` and its argument, if it has one."""


class Family(StrEnum):
    """How the log rolls; a component does not change its ways."""

    ROLLED = ".log -> .lo_"
    DATED = ".log -> -date.log"
    CHAIN = ".log -> .lo_ -> -date.log"


@dataclass
class Generation:
    """The lines of one file from its first to its roll.

    Attributes:
        lines: numbers of its complete lines.
        text: everything that was written to it.
        removed: whether it was deleted or cut off by somebody, rather than pushed out by a roll.
    """

    lines: list[int] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)
    removed: bool = False


class Broken(AssertionError):  # noqa: N818  # what is asserted, it is not an error of this program
    """The follower lost a line, gave one twice, or reported a gap where nothing was lost."""


class World:
    """One log, its writer, its reader and the truth.

    Args:
        family: how the log rolls.
        exact: whether listings tell of every change, as on a local Linux disk, or not, as on Windows and shares.
        identities: whether files have any.
        header: bytes that every file begins with, which makes their beginnings alike.
        late: whether lines tell their number at their end only.
    """

    def __init__(
        self,
        family: Family,
        *,
        exact: bool = True,
        identities: bool = True,
        header: bytes = b"",
        late: bool = False,
    ) -> None:
        self.late = late
        self.family = family
        self.volume = MemoryVolume(exact=exact, identities=identities)
        self.folder = Folder(self.volume, "Logs")
        self.header = header
        self.now = 0.0
        self.generations: list[Generation] = []
        self.excused: set[int] = set()
        self.next_line = 1
        self.torn = b""  # what is still to be written of an unfinished line
        self.copying = False
        self.copied = False
        self.copy_name = ""
        self.hidden: MemoryFile | None = None
        self.denied: set[str] = set()
        self.was_denied = False
        self.rolls = 0
        self.delivered: list[int | Gap] = []
        self.saved = (json.dumps(Position().encode()), 0)
        self.follower = self._reader(Position())
        self.history: list[str] = []
        self.reading = False

    # The writer

    def write(self, count: int) -> None:
        """Write whole lines, after the rest of a torn one."""
        if self.hidden or count < 1:
            return
        self._append(self._finish_torn())
        for _ in range(count):
            text, number = line_text(self.next_line, late=self.late), self.next_line
            self.next_line += 1
            self._append(text)
            self.generations[-1].lines.append(number)

    def tear(self, size: int) -> None:
        """Write the start of a line."""
        if self.hidden or self.torn or (self.late and not self._holds_lines()):
            return  # a file that holds the start of a record and nothing else cannot be told from another such file
        text = line_text(self.next_line, late=self.late)
        size = 9 + size % (len(text) - 9)  # with its number: of fewer bytes nothing can be told
        self._append(text[:size])
        self.torn = text[size:]

    def roll(self) -> None:
        """Roll by renaming; the next line starts a new file."""
        if self.copying or CURRENT not in self.volume.files:
            return
        self._make_room()
        self._drop_torn()
        self.volume.rename(CURRENT, self._dated() if self.family is Family.DATED else ROLLED)

    def roll_and_write_on(self) -> None:
        """Roll by renaming while the writer is in the middle of a line, which it finishes in the renamed file."""
        if self.copying or not self.torn or CURRENT not in self.volume.files:
            return
        rest, number = self.torn, self.next_line
        file, generation = self.volume.files[CURRENT], self.generations[-1]
        self.roll()
        file.data += rest
        self.volume.touch(file)
        generation.text += rest
        generation.lines.append(number)
        self.excused.add(number)  # it may have been taken for an unfinished line, and its rest for another

    def copy(self, share: int) -> None:
        """Roll by copying, first part: copy some of the log."""
        if self.copying or CURRENT not in self.volume.files:
            return
        self._make_room()
        self.copying = True
        self.copy_name = self._dated() if self.family is Family.DATED else ROLLED
        self._copy(share)

    def copy_on(self, share: int) -> None:
        """Roll by copying, second part: copy more of the log, or all there is."""
        if self.copying:
            self._copy(share)

    def cut(self) -> None:
        """Roll by copying, last part: cut off the log; what came since the copying is lost."""
        if not self.copying:
            return
        if not self.copied:
            self._copy(10)
        self.copying = False
        copied = len(self.volume.files[self.copy_name].data)
        data = bytes(self.volume.files[CURRENT].data)
        self.excused.update(number for number, end in _numbers(data) if end > copied)
        self.volume.truncate(CURRENT)
        self._drop_torn()
        self._begin()

    # Those who meddle

    def truncate(self) -> None:
        """Cut off the log; what it held is lost."""
        if not self.copying and CURRENT in self.volume.files:
            self.generations[-1].removed = True
            self._drop_torn()
            self.volume.truncate(CURRENT)
            self._begin()

    def delete(self) -> None:
        """Delete the log."""
        if not self.copying and CURRENT in self.volume.files:
            self.generations[-1].removed = True
            self._drop_torn()
            self.volume.delete(CURRENT)

    def delete_rolled(self) -> None:
        """Delete the newest file that has rolled."""
        rolled = [name for name in self.volume.files if name != CURRENT]
        if rolled and not self.copying:
            name = ROLLED if ROLLED in rolled else max(rolled)
            for generation in self.generations:
                if (self.header + generation.text).startswith(self.volume.files[name].data):
                    generation.removed = True
            self.volume.delete(name)

    def hide(self) -> None:
        """Take the log away for a while."""
        if not self.copying and CURRENT in self.volume.files:
            self.hidden = self.volume.files.pop(CURRENT)

    def unhide(self) -> None:
        """Put it back."""
        if self.hidden:
            self.volume.files[CURRENT] = self.hidden
            self.hidden = None

    def replace(self) -> None:
        """Put another file of the same content in the log's place, as a mirroring tool does."""
        if not self.copying and CURRENT in self.volume.files:
            data = bytes(self.volume.files[CURRENT].data)
            self.volume.write("copy", data)
            self.volume.rename("copy", CURRENT)

    def restore(self, lines: int) -> None:
        """Put an older copy of the log in its place."""
        if self.copying or CURRENT not in self.volume.files or not self.generations[-1].lines:
            return
        generation = self.generations[-1]
        keep = 1 + lines % len(generation.lines)
        ends = [end for _, end in _numbers(bytes(generation.text))]
        if ends[keep - 1] < HEAD:
            return  # so short a copy cannot be told from a new log, once it has grown
        self.excused.update(generation.lines[keep:])
        del generation.lines[keep:]
        del generation.text[ends[keep - 1] :]
        generation.removed = True
        self._drop_torn()
        self.volume.write("copy", self.header + bytes(generation.text))
        self.volume.rename("copy", CURRENT)

    def deny(self) -> None:
        """Make the files that have rolled unreadable."""
        self.was_denied = True
        self.denied = {name for name in self.volume.files if name != CURRENT}

    def allow(self) -> None:
        """Make all files readable."""
        self.denied = set()

    def wait(self) -> None:
        """Let so much time pass that patience is at its end."""
        self.now += PATIENCE

    # The reader

    def act(self, act: Act) -> None:
        """Let somebody other than the reader do something."""
        name, number = act
        self.history.append(f"    {name} {number}" if self.reading else f"{name} {number}")
        method = getattr(self, name)
        if number is None:
            method()
        else:
            method(number)

    def poll(self, interruptions: Sequence[tuple[int, Act]] = (), most: int = 1 << 30) -> None:
        """Read what is new, while others act: each before the call of the volume with its number.

        Args:
            interruptions: acts of others, each with the number of calls that pass first.
            most: drop the iterator after this many items.
        """
        self.history.append(f"poll {interruptions or ''} {most}")
        pending = sorted(interruptions, key=lambda item: item[0])
        calls = 0

        def hook(kind: str, name: str) -> None:
            nonlocal calls
            calls += 1
            while pending and pending[0][0] < calls:
                self.act(pending.pop(0)[1])
            if kind == "open" and name in self.denied:
                raise VolumeError(name, Trouble.SHARING, "sharing_violation", "in use")

        self.now += 1
        self.volume.hook = hook
        self.reading = True
        files = self.folder.scan().get("distmgr", LogFiles("distmgr", exact=self.volume.exact))
        for taken, item in enumerate(self.follower.poll(files, self.now)):
            if isinstance(item, Gap):
                self._check_gap(item)
                self.delivered.append(item)
                self.history.append(f"    gap: {item.reason}")
            else:
                self._consume(item)
            if taken + 1 >= most:
                break
        self.volume.hook = nothing
        self.reading = False
        for _, act in pending:
            self.act(act)

    def save(self) -> None:
        """Write the checkpoint."""
        self.history.append("save")
        self.saved = (json.dumps(self.follower.position.encode()), len(self.delivered))

    def kill(self) -> None:
        """Kill the reader and start it anew from the last checkpoint."""
        self.history.append("kill")
        position, length = self.saved
        del self.delivered[length:]
        self.follower = self._reader(Position.decode(json.loads(position)))

    def settle(self) -> None:
        """Let everything come to rest, then check that nothing is missing."""
        self.allow()
        self.unhide()
        self.cut()
        self.write(1)
        for _ in range(TRUST + 6):
            self.poll()
        if self.follower.behind or self.follower.health.error:
            raise Broken(f"the reader does not come to rest: {self.follower.health.error}")
        self._check_all()

    # Inside

    def _reader(self, position: Position) -> Follower:
        return Follower(self.folder, "distmgr", position, LogHealth(), max_read=MAX_READ)

    def _consume(self, block: Block) -> None:
        lines = list(_numbers(block.data))
        numbers = [number for number, _ in lines]
        # As the reader of records does, let a line without stamp, such as the banner, wait for the next that has one.
        consumed = len(block.data) if block.final else lines[-1][1] if lines else 0
        data = block.data[:consumed]
        last = next((item for item in reversed(self.delivered) if isinstance(item, int)), 0)
        for number in numbers:
            late = number in self.excused or self._gave_up()  # a file may become readable after all
            if number in self.delivered or (number <= last and not late):
                raise Broken(f"line {number} after line {last}: {self.delivered[-20:]}")
            last = max(last, number)
        self.delivered += numbers
        self.history.append(f"    {block.file}: {numbers}{' final' * block.final}")
        self.follower.advance(consumed, data.count(b"\n"))

    def _append(self, data: bytes) -> None:
        if data:
            if CURRENT not in self.volume.files:
                self._begin()
                self.volume.write(CURRENT, self.header)
            elif not self.volume.files[CURRENT].data:
                self.volume.write(CURRENT, self.header)
            self.generations[-1].text += data
            self.volume.write(CURRENT, data)

    def _holds_lines(self) -> bool:
        return CURRENT in self.volume.files and any(_numbers(bytes(self.volume.files[CURRENT].data)))

    def _begin(self) -> None:
        self.generations.append(Generation())

    def _finish_torn(self) -> bytes:
        rest, self.torn = self.torn, b""
        if rest:
            self.generations[-1].lines.append(self.next_line)
            self.next_line += 1
        return rest

    def _drop_torn(self) -> None:
        if self.torn:
            self.torn = b""
            self.next_line += 1

    def _dated(self) -> str:
        self.rolls += 1
        return f"distmgr-20260101-{self.rolls:06d}.log"

    def _make_room(self) -> None:
        if self.family is Family.CHAIN and ROLLED in self.volume.files:
            self.volume.rename(ROLLED, self._dated())
        dated = sorted(name for name in self.volume.files if "-" in name)
        for name in dated[: max(0, len(dated) - HISTORY + 1)]:
            self.volume.delete(name)

    def _copy(self, share: int) -> None:
        self.copied = share >= 10
        data = bytes(self.volume.files[CURRENT].data)
        part = data[: max(1, len(data) * min(share, 10) // 10)]
        if self.copy_name in self.volume.files:
            self.volume.truncate(self.copy_name)
        self.volume.write(self.copy_name, part)

    def _home(self, number: int) -> int:
        return next(at for at, generation in enumerate(self.generations) if number in generation.lines)

    def _intact(self, generation: Generation) -> bool:
        text = self.header + bytes(generation.text)
        return not generation.removed and any(bytes(file.data) == text for file in self.volume.files.values())

    def _check_gap(self, gap: Gap) -> None:
        if gap.reason is GapReason.UNREADABLE:
            if not self.was_denied:
                raise Broken("unreadable, but nothing was")
            return
        lines = [item for item in self.delivered if isinstance(item, int)]
        first = self._home(lines[-1]) if lines and self._known(lines[-1]) else 0
        if all(self._intact(generation) for generation in self.generations[first:]):
            raise Broken(f"gap {gap.reason} but everything is there")

    def _gave_up(self) -> bool:
        return any(isinstance(item, Gap) and item.reason is GapReason.UNREADABLE for item in self.delivered)

    def _known(self, number: int) -> bool:
        return any(number in generation.lines for generation in self.generations)

    def _check_all(self) -> None:
        numbers = {item for item in self.delivered if isinstance(item, int)}
        if len(numbers) != sum(isinstance(item, int) for item in self.delivered):
            raise Broken("a line was delivered twice")
        covered: set[int] = set()
        last = 0
        gap = False
        for item in [*self.delivered, max(numbers | {self.next_line})]:
            if isinstance(item, Gap):
                gap = True
            elif item > last:
                if gap:
                    covered.update(range(last + 1, item))
                last, gap = item, False
        for generation in self.generations:
            unseen = not numbers.intersection(generation.lines)
            pushed_out = not (self._intact(generation) or self._began_before(generation))
            never = unseen and (generation.removed or pushed_out)
            for number in generation.lines:
                if number not in numbers | covered | self.excused and not never:
                    raise Broken(f"line {number} is missing; {len(self.delivered)} items")

    def _began_before(self, generation: Generation) -> bool:
        """Tell whether a generation was pushed out by rolls after the reader had begun to read."""
        numbers = [item for item in self.delivered if isinstance(item, int)]
        return bool(numbers) and bool(generation.lines) and generation.lines[0] > numbers[0]


# Random histories


ACTS = {
    "write": 30,
    "tear": 10,
    "roll": 8,
    "roll_and_write_on": 2,
    "copy": 6,
    "copy_on": 4,
    "cut": 6,
    "truncate": 1,
    "delete": 1,
    "delete_rolled": 1,
    "hide": 1,
    "unhide": 3,
    "replace": 1,
    "restore": 1,
    "deny": 1,
    "allow": 2,
    "wait": 1,
}
RANGES = {"write": 6, "tear": 1000, "copy": 13, "copy_on": 13, "restore": 20}


def choose_act(rng: random.Random) -> Act:
    """Choose something that somebody other than the reader does."""
    name = rng.choices(list(ACTS), list(ACTS.values()))[0]
    return (name, rng.randrange(RANGES[name])) if name in RANGES else (name, None)


def make_world(rng: random.Random) -> World:
    """Choose a world."""
    return World(
        rng.choice(list(Family)),
        exact=rng.random() < 0.5,
        identities=rng.random() < 0.8,
        header=rng.choice(HEADERS),
        late=rng.random() < 0.3,
    )


def step(world: World, rng: random.Random) -> None:
    """Do something, mostly: the writer writes, the reader reads, and now and then both at once."""
    choice = rng.random()
    if choice < 0.5:
        world.act(choose_act(rng))
    elif choice < 0.8:
        most = rng.choice([1, 3, 1000])
        world.poll([(rng.randrange(30), choose_act(rng)) for _ in range(rng.choice([0, 0, 1, 2]))], most)
    elif choice < 0.9:
        world.save()
    elif choice < 0.95:
        world.kill()
    else:
        world.save()
        world.kill()


def run(seed: int, steps: int) -> int:
    """Run one random history and check it; return how many gaps were reported."""
    rng = random.Random(seed)  # noqa: S311  # a repeatable history, no secret
    world = make_world(rng)
    try:
        for _ in range(steps):
            step(world, rng)
        world.settle()
    except BaseException:
        sys.stderr.write("\n".join(world.history) + "\n")
        raise
    return sum(isinstance(item, Gap) for item in world.delivered)


def main() -> int:
    """Run random histories until enough steps are done."""
    parser = argparse.ArgumentParser(description="Follow logs through random histories and check every line.")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps in all (default: %(default)s)")
    parser.add_argument("--length", type=int, default=60, help="steps of one history (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first history (default: %(default)s)")
    options = parser.parse_args()
    started = time.monotonic()
    histories = -(-options.steps // options.length)
    gaps = 0
    for seed in range(options.seed, options.seed + histories):
        try:
            gaps += run(seed, options.length)
        except BaseException:
            sys.stderr.write(f"failed: --seed {seed} --steps {options.length} --length {options.length}\n")
            raise
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"{histories} histories of {options.length} steps: no line lost unsaid, none twice; "
        f"{gaps} gaps reported; {seconds:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
