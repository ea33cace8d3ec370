"""Win32 errors in words."""

from __future__ import annotations

import pytest

from exporter.replication.win32 import in_words, win32_of


@pytest.mark.parametrize("code", [2, 3, 5, 13, 32, 53, 64, 67, 87, 123, 487, 998])
def test_codes_that_the_logs_are_known_to_show_have_words(code: int) -> None:
    assert str(code) not in in_words(code)


def test_a_code_that_is_not_in_the_table_says_how_to_look_it_up() -> None:
    assert in_words(99999) == "Win32 error 99999; `net helpmsg 99999` on Windows tells its meaning"


@pytest.mark.parametrize(
    ("hresult", "code"),
    [(0x80070005, 5), (0x80070003, 3), (0x80041001, None), (0x80004005, None), (5, None), (None, None)],
)
def test_the_windows_error_in_an_hresult(hresult: int | None, code: int | None) -> None:
    assert win32_of(hresult) == code
