from __future__ import annotations

from exporter.logs.chain import Chain, Seen, arrange
from exporter.logs.health import GapReason
from exporter.logs.position import HEAD, TAIL, Place, Position
from exporter.logs.reading import Sight
from exporter.logs.volume import Entry, Trouble, VolumeError

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
LOG = "distmgr.log"
ROLLED = "distmgr.lo_"


def lines(*names: str) -> bytes:
    return b"".join(name.encode() + STAMP for name in names)


def place(name: str, data: bytes, identity: str | None = None) -> Place:
    return Place.start(name, identity).moved(len(data), 1, data[:HEAD], data[-TAIL:], stamped=True)


class Files:
    """Files by name, oldest first, and what becomes of them."""

    def __init__(self, **data: bytes) -> None:
        self.data = {name.replace("_log", ".log").replace("_lo", ".lo"): content for name, content in data.items()}
        self.identities: dict[str, str] = {}
        self.comparable = True

    def arrange(self, *places: Place, gone: tuple[Place, ...] = (), refused: tuple[str, ...] = ()) -> Chain:
        error = VolumeError("path", Trouble.DENIED, "EACCES", "no")
        files = []
        for name, data in self.data.items():
            entry = Entry(name, len(data), None, 0)
            holds = tuple(p for p in (*gone, *places) if p.is_in(data[:HEAD], data[p.tail_start : p.offset]))
            sight = Sight(self.identities.get(name), 0, len(data), data[:HEAD], b"", b"")
            files.append(
                Seen(entry, name == LOG, error=error) if name in refused else Seen(entry, name == LOG, sight, holds)
            )
        return arrange(Position(places, gone), files, self.is_copy)

    def is_copy(self, old: Seen, new: Seen) -> bool:
        return self.comparable and self.data[new.entry.name].startswith(self.data[old.entry.name])


def work(chain: Chain) -> list[tuple[str, int]]:
    return [(seen.entry.name, place.offset if place else 0) for seen, place in chain.work]


def names(chain: Chain) -> list[str]:
    return [place.file for place in chain.position.places]


def test_everything_is_new_at_the_first_start() -> None:
    chain = Files(distmgr_lo_=lines("a"), distmgr_log=lines("b")).arrange()
    assert work(chain) == [(ROLLED, 0), (LOG, 0)]
    assert chain.lost is None


def test_the_log_that_was_read_goes_by_another_name() -> None:
    chain = Files(distmgr_lo_=lines("a", "b"), distmgr_log=lines("c")).arrange(place(LOG, lines("a")))
    assert work(chain) == [(ROLLED, len(lines("a"))), (LOG, 0)]
    assert (names(chain), chain.rolled) == ([ROLLED], True)


def test_a_copy_of_the_log_is_left_until_the_log_is_cut_off() -> None:
    read = place(LOG, lines("a"))
    for copy in (lines("a"), lines("a", "b")[:150], lines("a", "b")):
        chain = Files(distmgr_lo_=copy, distmgr_log=lines("a", "b")).arrange(read)
        assert work(chain) == [(LOG, len(lines("a")))]
        assert chain.settled == []


def test_a_file_that_holds_the_place_is_not_passed_over_even_if_it_changed_under_the_comparison() -> None:
    files = Files(distmgr_lo_=lines("a", "b"), distmgr_log=lines("a", "b"))
    files.identities = {LOG: "1"}
    files.comparable = False
    chain = files.arrange(place(LOG, lines("a"), "1"))
    assert (work(chain), chain.settled) == ([(LOG, len(lines("a")))], [])


def test_of_two_files_with_the_content_the_same_file_counts() -> None:
    read = place(LOG, lines("a"), "1")
    files = Files(distmgr_lo_=lines("a", "b"), distmgr_log=lines("a", "c"))
    files.identities = {ROLLED: "1", LOG: "2"}
    assert work(files.arrange(read)) == [(ROLLED, len(lines("a"))), (LOG, 0)]
    files.identities = {ROLLED: "2", LOG: "1"}
    assert work(files.arrange(read)) == [(LOG, len(lines("a")))]


def test_the_place_that_says_most_of_a_file_is_the_one_in_it() -> None:
    banner = b"a banner\r\n"
    chain = Files(distmgr_lo_=banner + lines("a"), distmgr_log=banner + lines("b")).arrange(
        place(ROLLED, banner + lines("a")), place(LOG, banner)
    )
    assert work(chain) == [(LOG, len(banner))]
    chain = Files(distmgr_log=banner + lines("a", "b")).arrange(
        place(LOG, banner + lines("a")), gone=(place(ROLLED, banner),)
    )
    assert work(chain) == [(LOG, len(banner + lines("a")))]


def test_a_file_older_than_what_is_being_read_counts_as_read() -> None:
    chain = Files(distmgr_lo_=lines("x", "y"), distmgr_log=lines("a", "b")).arrange(place(LOG, lines("a")))
    assert work(chain) == [(LOG, len(lines("a")))]
    assert [(seen.entry.name, least) for seen, least in chain.settled] == [(ROLLED, len(lines("x", "y")))]


def test_a_file_that_was_read_and_grows_is_read_on() -> None:
    chain = Files(distmgr_lo_=lines("a", "late"), distmgr_log=lines("b", "c")).arrange(
        place(ROLLED, lines("a")), place(LOG, lines("b"))
    )
    assert work(chain) == [(ROLLED, len(lines("a"))), (LOG, len(lines("b")))]


def test_places_in_files_that_are_gone_are_kept_for_when_they_come_back() -> None:
    chain = Files(distmgr_log=lines("b")).arrange(place(ROLLED, lines("a")), place(LOG, lines("b")))
    assert [p.file for p in chain.position.gone] == [ROLLED]
    back = Files(distmgr_lo_=lines("a"), distmgr_log=lines("b")).arrange(
        *chain.position.places, gone=chain.position.gone
    )
    assert (names(back), work(back)) == ([ROLLED, LOG], [])
    many = tuple(place(ROLLED, lines(str(number))) for number in range(20))
    kept = Files(distmgr_log=lines("b")).arrange(place(LOG, lines("b")), gone=many).position.gone
    assert kept == many[-6:]


def test_losses_and_their_reasons() -> None:
    read = place(LOG, lines("a", "b", "c"), "1")
    files = Files(distmgr_lo_=lines("x"), distmgr_log=lines("y"))
    assert files.arrange(read).lost is GapReason.ROLLED_TWICE
    files = Files(distmgr_log=lines("y"))
    files.identities = {LOG: "1"}
    assert files.arrange(read).lost is GapReason.TRUNCATED
    files.identities = {LOG: "2"}
    assert files.arrange(read).lost is GapReason.DELETED
    assert Files(distmgr_log=lines("a", "b")).arrange(read).lost is GapReason.REPLACED
    assert Files(distmgr_lo_=lines("a", "b"), distmgr_log=lines("d")).arrange(read).lost is GapReason.TRUNCATED
    assert Files().arrange(read).lost is None


def test_only_a_loss_for_which_nothing_has_rolled_is_doubtful() -> None:
    read = place(LOG, lines("a", "b", "c"), "1")
    assert Files(distmgr_lo_=lines("x"), distmgr_log=lines("y")).arrange(read).doubt is None
    assert Files(distmgr_log=lines("y")).arrange(read).doubt == (None, -1)
    assert Files(distmgr_log=lines("y", "z")).arrange(read).doubt == (None, -1)
    assert Files(distmgr_log=b"").arrange(read).doubt == (None, 0)
    assert Files(distmgr_log=b"torn").arrange(read).doubt == (None, 4)
    assert Files(distmgr_log=lines("a")).arrange(read).doubt == (None, len(lines("a")))


def test_after_a_loss_what_is_there_is_read_but_not_what_was_read_before() -> None:
    read = place(LOG, lines("a", "b", "c"))
    old = place(ROLLED, lines("o"))
    chain = Files(distmgr_lo_=lines("o"), distmgr_log=lines("y")).arrange(old, read)
    assert work(chain) == [(LOG, 0)]
    assert ([p.file for p in chain.position.places], chain.position.gone) == ([ROLLED], (read,))
    chain = Files(distmgr_lo_=lines("x"), distmgr_log=lines("y")).arrange(old, read)
    assert work(chain) == [(ROLLED, 0), (LOG, 0)]


def test_a_file_that_cannot_be_opened_blocks_only_what_comes_behind_it() -> None:
    files = Files(distmgr_lo_=lines("a", "b"), distmgr_log=lines("c"))
    first = files.arrange(refused=(ROLLED,))
    assert (work(first), first.blocked, str(first.error)) == ([], True, "path: no")
    hidden = files.arrange(place(LOG, lines("a")), refused=(ROLLED,))
    assert (work(hidden), hidden.blocked, hidden.lost) == ([], True, None)
    older = files.arrange(place(LOG, lines("c")), refused=(ROLLED,))
    assert (older.blocked, older.error) == (False, None)
    current = files.arrange(place(LOG, lines("a")), refused=(LOG,))
    assert (work(current), current.blocked) == ([(ROLLED, len(lines("a")))], False)
    assert current.error is not None
