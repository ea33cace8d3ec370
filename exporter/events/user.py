"""Templates of the configuration file: an administrator's own messages.

Their events are called `user:NAME`, so that they never pass for those of the catalogue. They add to the catalogue and
never replace it: a line that the catalogue knows is not offered to them.

An administrator's pattern may be one that takes for ever on some line. It runs in the `regex` library with a timeout,
and a template that keeps running out of time is switched off: nothing a person writes can hang the exporter.
"""

from __future__ import annotations

import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import regex

from exporter.events.event import USER_PREFIX
from exporter.events.templates import Template, TemplateError, bare, compile_template
from exporter.logs.records import Record

TIMEOUT: Final = 0.05
"""Seconds that one template may take for one line."""

MAX_TIMEOUTS: Final = 3
"""Lines on which a template may run out of time before it is switched off."""

MAX_SLOWNESS: Final = 2.0
"""Seconds by which a template may be slower than `FAIR` a line, in all, before that counts as running out of time."""

FAIR: Final = 0.001

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_PATTERN: Final = 2000


class UserTemplateError(ValueError):
    """A template of the configuration file that cannot be used.

    Attributes:
        name: which one.
        column: where in its text or pattern the fault is, from 1.
    """

    def __init__(self, name: str, reason: str, column: int = 1) -> None:
        super().__init__(f"template {name!r}: {reason}")
        self.name = name
        self.column = column


@dataclass(frozen=True, slots=True)
class UserTemplate:
    """A template as the configuration file has it.

    Attributes:
        name: its events are called `user:` and this name.
        text: the line with typed placeholders, as in the catalogue; or
        pattern: a regular expression that is searched for in the message, whose named groups are the fields.
        log: the log (`distmgr`) that it is for; "" for any.
        component: the component that it is for; "" for any.
        kind: what the message says, for pages; free.
    """

    name: str
    text: str = ""
    pattern: str = ""
    log: str = ""
    component: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class CompiledUserTemplate:
    """A template ready for use. `template` is None for one that was given as a pattern."""

    source: UserTemplate
    pattern: regex.Pattern[str]
    template: Template | None

    def match(self, message: str) -> dict[str, str | int] | None:
        """Return the fields of a message, or None when it is not this template's.

        Raises:
            TimeoutError: it took longer than `TIMEOUT`.
        """
        if self.template is None:
            found = self.pattern.search(message, timeout=TIMEOUT)
            return None if found is None else {name: value or "" for name, value in found.groupdict().items()}
        found = self.pattern.match(bare(message), timeout=TIMEOUT)
        return None if found is None else self.template.values(found.groupdict())


def compile_user_template(source: UserTemplate) -> CompiledUserTemplate:
    """Check and compile a template of the configuration file.

    Raises:
        UserTemplateError: it cannot be used; the error names it and says why and where.
    """
    if _NAME.fullmatch(source.name) is None:
        raise UserTemplateError(source.name, "its name is not one of small letters, digits and underscores")
    if bool(source.text) == bool(source.pattern):
        raise UserTemplateError(source.name, "it needs either a text or a pattern")
    if len(source.pattern) > _MAX_PATTERN:
        raise UserTemplateError(source.name, f"its pattern is longer than {_MAX_PATTERN} characters", _MAX_PATTERN)
    template: Template | None = None
    if source.text:
        try:
            template = compile_template(source.text)
        except TemplateError as error:
            raise UserTemplateError(source.name, f"text, {error}", error.column) from None
    written = template.expression if template else source.pattern
    return CompiledUserTemplate(source, _compile(source.name, written), template)


def _compile(name: str, pattern: str) -> regex.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hints at what a later version of the library may read differently
            return regex.compile(pattern)
    except regex.error as error:
        column = (getattr(error, "pos", None) or 0) + 1  # the library's types leave its attributes out
        reason = getattr(error, "msg", str(error))
        raise UserTemplateError(name, f"pattern, column {column}: {reason}", column) from None
    except (RecursionError, ValueError) as error:
        raise UserTemplateError(name, f"pattern: {error}") from None


class UserTemplates:
    """The templates of the configuration file at work.

    Args:
        templates: those to use, the most specific first.
        timer: tells seconds, for measuring what a template costs.

    Attributes:
        disabled: names of those that were switched off.
    """

    def __init__(
        self, templates: Iterable[CompiledUserTemplate] = (), timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self.templates = tuple(templates)
        self.disabled: set[str] = set()
        self._timer = timer
        self._timeouts: Counter[str] = Counter()
        self._slowness: dict[str, float] = {}

    def match(self, record: Record, log: str, timeouts: Counter[str]) -> tuple[str, dict[str, str | int]] | None:
        """Find the first template that a record is an instance of.

        Args:
            record: the record.
            log: the log it stands in.
            timeouts: where lines on which a template ran out of time are counted, by its name.

        Returns:
            The name of the event and its fields.
        """
        for compiled in self.templates:
            source = compiled.source
            if source.name in self.disabled or not _is_for(source, record, log):
                continue
            fields = self._try(compiled, record.message, timeouts)
            if fields is not None:
                return USER_PREFIX + source.name, fields
        return None

    def _try(self, compiled: CompiledUserTemplate, message: str, timeouts: Counter[str]) -> dict[str, str | int] | None:
        name = compiled.source.name
        start = self._timer()
        try:
            return compiled.match(message)
        except TimeoutError:
            self._strike(name, timeouts)
            return None
        finally:
            # One that is just not slow enough to run out of time on each of a million lines would hang a scan too.
            slowness = self._slowness.get(name, 0.0) + max(0.0, self._timer() - start - FAIR)
            self._slowness[name] = slowness if slowness <= MAX_SLOWNESS else 0.0
            if slowness > MAX_SLOWNESS:
                self._strike(name, timeouts)

    def _strike(self, name: str, timeouts: Counter[str]) -> None:
        timeouts[name] += 1
        self._timeouts[name] += 1
        if self._timeouts[name] >= MAX_TIMEOUTS:
            self.disabled.add(name)


def _is_for(source: UserTemplate, record: Record, log: str) -> bool:
    return (not source.log or source.log == log) and (not source.component or source.component == record.component)
