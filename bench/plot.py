"""Draws a figure as an SVG that fetches nothing and can be read on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from bench.results import Figure, show

_WIDTH: Final = 640
_HEIGHT: Final = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 40, 50
_COLOURS: Final = ("#2a6fdb", "#d1495b", "#2e933c", "#b7791f", "#7b4bb7", "#3c7a89")
_LETTERS: Final = "font-family='sans-serif' font-size='12' fill='#555'"


def draw(figure: Figure) -> str:
    """Return the picture of a figure."""
    points = [point for line in figure.lines.values() for point in line]
    across = _Axis([point[0] for point in points], _LEFT, _WIDTH - _RIGHT, logarithmic=figure.logarithmic)
    upwards = _Axis([point[1] for point in points], _HEIGHT - _BOTTOM, _TOP, logarithmic=figure.logarithmic)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img'>",
        f"<title>{escape(figure.title)}</title>",
        f"<rect width='{_WIDTH}' height='{_HEIGHT}' rx='6' fill='#fff'/>",
        _text(_WIDTH / 2, 22, figure.title),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, figure.x),
        _text(16, (_TOP + _HEIGHT - _BOTTOM) / 2, figure.y, turned=True),
    ]
    for value in upwards.ticks():
        y = upwards.place(value)
        parts.append(f"<path d='M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}' stroke='#ddd'/>")
        parts.append(_text(_LEFT - 6, y + 4, _short(value), anchor="end"))
    parts += [_text(across.place(value), _HEIGHT - _BOTTOM + 18, _short(value)) for value in across.ticks()]
    for number, (name, line) in enumerate(figure.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [f"{across.place(x):.1f} {upwards.place(y):.1f}" for x, y in line]
        parts.append(f"<path d='M{'L'.join(places)}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [
            f"<circle cx='{place.split()[0]}' cy='{place.split()[1]}' r='3' fill='{colour}'/>" for place in places
        ]
        parts.append(f"<rect x='{_LEFT + 10}' y='{_TOP + 4 + 16 * number}' width='10' height='10' fill='{colour}'/>")
        parts.append(_text(_LEFT + 26, _TOP + 13 + 16 * number, name, anchor="start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Axis:
    """Places values between two ends; a plain axis begins at 0, one of powers at its lowest power of ten."""

    def __init__(self, values: Sequence[float], start: float, end: float, *, logarithmic: bool) -> None:
        self._start, self._end, self._logarithmic = start, end, logarithmic
        if logarithmic:
            self._low = math.floor(math.log10(min(values)))
            self._high = max(math.ceil(math.log10(max(values))), self._low + 1)
        else:
            self._step = _nice(max(values, default=1) / 5 or 1)
            self._high = math.ceil(max(values, default=1) / self._step) or 1

    def place(self, value: float) -> float:
        if self._logarithmic:
            share = (math.log10(value) - self._low) / (self._high - self._low)
        else:
            share = value / (self._high * self._step)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        if self._logarithmic:
            return [10.0**power for power in range(self._low, self._high + 1)]
        return [step * self._step for step in range(self._high + 1)]


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step)


def _short(value: float) -> str:
    return f"{value:g}" if value < 1 else show(int(value) if value == int(value) else value)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", turned: bool = False) -> str:
    turn = f" transform='rotate(-90 {x:.1f} {y:.1f})'" if turned else ""
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {_LETTERS}{turn}>{escape(text)}</text>"
