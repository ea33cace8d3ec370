"""What a log goes through, and what its follower must give: a table to be read by people and run by tests.

Each line is a step. What others do:

    write a b      append the lines a and b to `distmgr.log`, making it if need be
    tear c         append the first half of line c; `finish` appends the rest, to wherever that file is now
    roll           rename `distmgr.log` to `distmgr.lo_`
    copy           copy `distmgr.log` to `distmgr.lo_`; `part` copies the first half of it only
    cut            cut `distmgr.log` off, in place
    date N         rename `distmgr.log` to `distmgr-20260101-00000N.log`
    delete F       delete file F
    old x          put a file with the line x into the folder, dated before all others
    keep, restore  remember what `distmgr.log` holds; write that over it, in place
    hide, show     take `distmgr.log` away; put it back
    mirror         put a new file with the same content in its place

What the follower does:

    read ...       poll, and give exactly these lines; `gap:reason` is a gap, `half` the torn half of a line
    save           remember its position
    restart        a new follower goes on from the position saved last, or from none
"""

from __future__ import annotations

SCENARIOS = {
    "a log grows": """
        write a b
        read a b
        read
        write c
        read c
    """,
    "a line is torn": """
        write a
        tear b
        read a
        read
        finish
        read b
        tear c
        read
        finish
        write d
        read c d
    """,
    "a log appears later": """
        read
        write a
        read a
    """,
    "the first start reads everything, oldest first": """
        write a
        date 1
        write b
        date 2
        write c
        roll
        write d
        read a b c d
        read
    """,
    "roll by renaming": """
        write a
        read a
        write b
        roll
        write c
        read b c
        read
        write d
        roll
        write e
        read d e
    """,
    "roll by renaming, and the new log comes late": """
        write a
        read a
        write b
        roll
        read b
        read
        write c
        read c
    """,
    "roll by copying and cutting off": """
        write a
        read a
        write b
        copy
        cut
        write c
        read b c
        read
        write d
        copy
        cut
        read d
        write e
        read e
    """,
    "a copy is being made while the log is read": """
        write a
        read a
        write b c
        part
        read b c
        copy
        read
        cut
        read
        write d
        read d
    """,
    "the first start meets a copy being made": """
        write a b
        part
        read a b
        copy
        cut
        write c
        read c
    """,
    "a copy is made again and again, and the log is not cut off": """
        write a
        read a
        copy
        read
        write b
        copy
        write c
        read b c
    """,
    "roll into a dated history": """
        write a
        read a
        write b
        date 1
        write c
        read b c
        write d
        date 2
        write e
        date 3
        write f
        read d e f
        read
    """,
    "a line is torn when the log rolls": """
        write a
        read a
        tear b
        roll
        read
        finish
        write c
        read b c
    """,
    "a line is torn when the log rolls, and never finished": """
        write a
        read a
        tear b
        roll
        write c
        read
        read half c
        read
    """,
    "the writer finishes a line long after the roll": """
        write a
        read a
        tear b
        roll
        write c
        read
        read half c
        finish
        read half
        write d
        read d
    """,
    "roll while nobody reads": """
        write a
        read a
        save
        write b
        roll
        write c
        restart
        read b c
    """,
    "roll by copying while nobody reads": """
        write a
        read a
        save
        write b
        copy
        cut
        write c
        restart
        read b c
    """,
    "roll twice while nobody reads": """
        write a
        read a
        save
        write b
        roll
        write c
        roll
        write d
        restart
        read gap:rolled_twice c d
        read
    """,
    "roll twice into a dated history while nobody reads": """
        write a
        read a
        save
        write b
        date 1
        write c
        date 2
        write d
        restart
        read b c d
    """,
    "the history is cleaned up while nobody reads": """
        write a
        read a
        save
        write b
        date 1
        write c
        date 2
        write d
        delete distmgr-20260101-000001.log
        restart
        read gap:rolled_twice c d
    """,
    "cleaning up what was read is no loss": """
        write a
        date 1
        write b
        roll
        write c
        read a b c
        delete distmgr-20260101-000001.log
        delete distmgr.lo_
        write d
        read d
    """,
    "the log is cut off": """
        write a b
        read a b
        cut
        read
        write c
        read
        read gap:truncated c
        read
    """,
    "the log is cut off and grows beyond where it was": """
        write a
        read a
        cut
        write b c d
        read
        read gap:truncated b c d
    """,
    "the log is deleted and begun anew": """
        write a
        roll
        write b
        read a b
        delete distmgr.log
        read
        write c
        read
        read gap:anew c
    """,
    "the log is away for a while": """
        write a
        read a
        hide
        read
        show
        write b
        read b
    """,
    "the log is away, another takes its place, and it comes back": """
        write a
        read a
        hide
        write b
        read
        read gap:anew b
        show
        write c
        read
        read gap:anew c
    """,
    "a mirror puts a new file of the same content in its place": """
        write a
        read a
        mirror
        write b
        read b
    """,
    "an older copy is put back": """
        write a b
        keep
        read a b
        write c
        read c
        restore
        read
        read gap:replaced
        write d
        read d
    """,
    "an old file turns up": """
        write a
        roll
        write b
        read a b
        old x
        write c
        read c
        read
        cut
        write d
        read
        read gap:truncated d
    """,
    "a kill repeats what was not saved": """
        write a
        read a
        save
        write b
        read b
        restart
        read b
        save
        restart
        read
    """,
    "a kill before anything was saved": """
        write a
        roll
        write b
        read a b
        restart
        read a b
    """,
    "a kill between the two sights of a loss": """
        write a
        read a
        save
        cut
        write b
        read
        restart
        read
        read gap:truncated b
        save
        restart
        read
    """,
}
