# cython: language_level=3, boundscheck=False, wraparound=False
"""Lines that are whole records, in one pass, compiled: what `Matcher` does with them in plain Python, in a quarter of
its time. Where this module was not built, nothing but time is lost.

It makes no object of a line that means nothing, and knows no more than the plain way: what is new (a thread, a second,
words, a line of another form) is read by Python, which remembers it where this looks. So there is little that it can be
wrong about: where a line ends, whether in a stamp, how it begins, and whether it may hold a word of failure. Whatever
follows a pointer stays within its line; the tests also run it built so that it stops at the first byte that it takes
beside an object. Python's lock is held while lines that are not new are gone over: two milliseconds for a megabyte.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.ref cimport Py_INCREF, PyObject
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy

import sys
from pathlib import Path
from zlib import crc32

from exporter.events.event import Event
from exporter.events.templates import HEAD_LENGTH
from exporter.logs.records import TAIL
from exporter.logs.segments import MAX_RECORD

cdef extern from "Python.h":
    object PyType_GenericAlloc(type, Py_ssize_t)

cdef extern from *:
    """
    #ifndef SOURCE_SUM
    #define SOURCE_SUM 0
    #endif
    """
    const uint32_t SOURCE_SUM  # of this file when it was compiled, where it may change: in a checkout

ctypedef const unsigned char* Place

cdef enum:
    HEAD = 12
    HEADS = 512  # beginnings that are remembered; a block has some dozens
    END = 26
    ENDS = 64  # threads that are
    LONGEST_SECOND = 64  # bytes before and behind the fraction of a stamp that are compared
    FIELDS = 9

# From 3.14 on a tuple holds its hash too, which `Scanner.event` would have to say is not known yet: not tried.
if sys.hexversion >= 0x030E0000:
    raise ImportError("the compiled scanner is not for this Python")
# What was built before one of these changed must not be run.
if (HEAD_LENGTH, TAIL.start, len(Event._fields)) != (HEAD, -END, FIELDS):
    raise ImportError("the compiled scanner was built for another version")
if SOURCE_SUM and SOURCE_SUM != crc32(Path(__file__).with_name("scanner.pyx").read_bytes()):
    raise ImportError("the compiled scanner was built from another source: ./dev setup builds it anew")

cdef Py_ssize_t LONGEST = MAX_RECORD
cdef bytes THREAD = b"<thread="
cdef Place thread_mark = <Place>PyBytes_AS_STRING(THREAD)

cdef inline bint is_whole(Place start, Place stop) noexcept nogil:
    """Tell whether a line ends in `><thread=...>` with at most forty characters and no bracket for the dots."""
    cdef Place last = stop - 1
    cdef Place low
    cdef Place at
    if last > start and last[0] == c"\r":
        last -= 1
    if last <= start or last[0] != c">":
        return False
    low = last - 48 if last - start > 49 else start + 1
    at = last - 1
    while at >= low:
        if at[0] == c"<":
            return last - at >= 8 and (at - 1)[0] == c">" and memcmp(at, thread_mark, 8) == 0
        if at[0] == c">":
            return False
        at -= 1
    return False


cdef inline bint is_alarming(Place start, Place stop) noexcept nogil:
    """Tell whether a line holds `erro`, `fail` or `warn` in any case."""
    # No way out of the loop before its end, so that compilers make it one that looks at sixteen letters at a time.
    cdef Py_ssize_t last = stop - start - 3
    cdef Py_ssize_t at
    cdef unsigned char a, b, c, d, found = 0
    for at in range(last):
        a, b, c, d = start[at] | 0x20, start[at + 1] | 0x20, start[at + 2] | 0x20, start[at + 3] | 0x20
        found |= (
            ((a == c"e") & (b == c"r") & (c == c"r") & (d == c"o"))
            | ((a == c"f") & (b == c"a") & (c == c"i") & (d == c"l"))
            | ((a == c"w") & (b == c"a") & (c == c"r") & (d == c"n"))
        )
    return found


cdef struct End:
    # Where the parts of a record stand, counted from its end, by its last bytes (`RecordReader.ends`).
    unsigned char[END] text
    int said, second, fraction, zone, close
    PyObject* thread


cdef class Scanner:
    """Reads the whole lines of one block.

    Args:
        data: the block's bytes.
        source: what is being read.
        reader: knows the ends of records (`ends`) and the seconds (`seconds`) that were read before.
        interpreter: knows the words that were (`memo`), and reads what is new (`events`).
    """

    cdef bytes data
    cdef Place begin
    cdef Place end
    cdef object source, log, file, table, ends, seconds, told, read
    # All zeros at first. A verdict is 0 where it is not known yet, 1 of a beginning that means nothing, 2 of others.
    cdef unsigned char[HEADS][HEAD] heads
    cdef char[HEADS] verdicts
    cdef End[ENDS] known_ends
    cdef list threads  # keeps what `known_ends` points to
    cdef unsigned char[LONGEST_SECOND] last_second, last_zone
    cdef Py_ssize_t last_second_size, last_zone_size
    cdef double last_time

    def __cinit__(self, bytes data not None, source, reader, interpreter):
        self.data = data
        self.begin = <Place>PyBytes_AS_STRING(data)
        self.end = self.begin + PyBytes_GET_SIZE(data)
        self.source, self.log, self.file, self.table = source, source.log, source.file, source.table
        self.ends, self.seconds = reader.ends, reader.seconds
        self.told, self.read = interpreter.memo, interpreter.events
        self.threads = []
        self.last_second_size = -1

    def whole_lines(self, Py_ssize_t at, Py_ssize_t line, list events not None, list alarms not None):
        """Read lines up to the first that is no whole record.

        Args:
            at: where in the block the first of them begins; `line`: its number in its file.
            events: what they say is added to it, in their order.
            alarms: those that say nothing that is known, but may hold a word of failure, are, each with its number.

        Returns:
            Where the line begins that is no whole record, or that does not end, and its number.
        """
        cdef Place start = self.begin + self.checked(at)
        cdef Place stop
        cdef int told
        while start < self.end:
            stop = <Place>memchr(start, c"\n", self.end - start)
            if stop == NULL or stop - start > LONGEST or not is_whole(start, stop):
                break
            told = self.may_tell(start, stop) and self.tells(start, stop, line, events)
            if not told and is_alarming(start, stop):
                alarms.append((raw_of(start, stop), line))
            start = stop + 1
            line += 1
        return start - self.begin, line

    def end_of_whole_line(self, Py_ssize_t at):
        """Return where the next line ends that is a whole record, or 0 when none follows."""
        cdef Place start = self.begin + self.checked(at)
        cdef Place stop
        while start < self.end:
            stop = <Place>memchr(start, c"\n", self.end - start)
            if stop == NULL:
                return 0
            if stop - start <= LONGEST and is_whole(start, stop):
                return stop + 1 - self.begin
            start = stop + 1
        return 0

    cdef Py_ssize_t checked(self, Py_ssize_t at) except -1:
        if not 0 <= at <= self.end - self.begin:
            raise IndexError("no place in the block")
        return at

    cdef bint may_tell(self, Place start, Place stop) except -1:
        """Tell whether a line begins like one that means something."""
        cdef uint64_t first
        cdef uint32_t second
        cdef int slot
        if stop - start < HEAD:
            return self.table[raw_of(start, stop)] is not None
        memcpy(&first, start, 8)
        memcpy(&second, start + 8, 4)
        slot = ((first ^ (<uint64_t>second << 19)) * <uint64_t>0x9E3779B97F4A7C15) >> 55
        if not self.verdicts[slot] or memcmp(self.heads[slot], start, HEAD) != 0:
            found = self.table[PyBytes_FromStringAndSize(<char*>start, HEAD)]
            memcpy(self.heads[slot], start, HEAD)
            self.verdicts[slot] = 1 if found is None else 2
        return self.verdicts[slot] == 2

    cdef bint tells(self, Place start, Place stop, Py_ssize_t line, list events) except -1:
        """Add what a line says to the events; tell whether it says anything."""
        cdef End* end
        cdef PyObject* known
        cdef bytes said
        cdef tuple told
        cdef tuple cut = None
        cdef double time = 0
        if stop - start >= END:
            end = self.end_of(stop)
            if end != NULL:
                if stop - start > end.said and self.time_of(stop, end, &time):
                    said = PyBytes_FromStringAndSize(<char*>start, stop - start - end.said)
                    known = PyDict_GetItem(self.told, said)
                    if known != NULL:
                        if <object>known is None:
                            return False
                        told = <tuple>known
                        events.append(self.event(told, line, time, <object>end.thread))
                        return True
                    cut = (said, time, <object>end.thread)
                else:
                    end.thread = NULL  # its stamps have another length now
        found = self.read(raw_of(start, stop), line, self.source, cut)
        events.extend(found)
        return len(found) > 0

    cdef End* end_of(self, Place stop) except? NULL:
        """Return the places of a record's parts by its last bytes, or NULL where none like it was read."""
        cdef Place tail = stop - END
        cdef uint64_t eight
        cdef End* end
        memcpy(&eight, stop - 18, 8)  # the digits of the thread, nearly always
        end = &self.known_ends[(eight * <uint64_t>0x9E3779B97F4A7C15) >> 58]
        if end.thread == NULL or memcmp(end.text, tail, END) != 0:
            places = self.ends.get(PyBytes_FromStringAndSize(<char*>tail, END))
            if places is None:
                return NULL
            thread, said, second, fraction, zone = places
            end.said, end.second, end.fraction = -said.stop, -second.start, -fraction.start
            end.zone, end.close = -zone.start, -zone.stop
            self.threads.append(thread)
            end.thread = <PyObject*>thread
            memcpy(end.text, tail, END)
        return end

    cdef bint time_of(self, Place stop, End* end, double* time) except -1:
        """Read the time of a record, if its second is one that was read before."""
        cdef Place second = stop - end.second
        cdef Place fraction = stop - end.fraction
        cdef Place zone = stop - end.zone
        cdef Py_ssize_t second_size = fraction - second
        cdef Py_ssize_t zone_size = stop - end.close - zone
        if fraction[0] != c"." or not (is_digit(fraction[1]) and is_digit(fraction[2]) and is_digit(fraction[3])):
            return False
        if (
            second_size != self.last_second_size
            or zone_size != self.last_zone_size
            or memcmp(second, self.last_second, second_size) != 0
            or memcmp(zone, self.last_zone, zone_size) != 0
        ):
            if second_size > LONGEST_SECOND or zone_size > LONGEST_SECOND:
                return False
            try:
                self.last_second_size = -1
                self.last_time = self.seconds[PyBytes_FromStringAndSize(<char*>zone, zone_size)][
                    PyBytes_FromStringAndSize(<char*>second, second_size)
                ]
            except KeyError:
                return False
            memcpy(self.last_second, second, second_size)
            memcpy(self.last_zone, zone, zone_size)
            self.last_second_size, self.last_zone_size = second_size, zone_size
        time[0] = self.last_time + (
            (fraction[1] - c"0") * 100 + (fraction[2] - c"0") * 10 + (fraction[3] - c"0")
        ) / <double>1000
        return True

    cdef object event(self, tuple told, Py_ssize_t line, double time, object thread):
        """Make an event; filling the tuple that it is takes a third of the time of calling its class."""
        made = PyType_GenericAlloc(Event, FIELDS)
        put(made, 0, told[0])
        put(made, 1, told[1])
        put(made, 2, self.log)
        put(made, 3, self.file)
        put(made, 4, line)
        put(made, 5, time)
        put(made, 6, thread)
        put(made, 7, told[2])
        put(made, 8, told[3])
        return made


cdef inline bint is_digit(unsigned char character) noexcept nogil:
    return c"0" <= character <= c"9"


cdef inline bytes raw_of(Place start, Place stop):
    return PyBytes_FromStringAndSize(<char*>start, stop - start)


cdef inline void put(object made, int at, object value):
    Py_INCREF(value)  # the tuple's own
    PyTuple_SET_ITEM(made, at, value)
