"""Fields of events are read as what they are to be used as, and as unknown where a line lacks them."""

from __future__ import annotations

import pytest

from exporter.replication.fields import base_name, integer, server_of, text
from tests.replication.builders import INCOMING, Teller


@pytest.mark.parametrize(
    ("path", "server"),
    [
        (r'["Display=\\DP1.X.COM\"]MSWNET:["SMS_SITE=PS1"]\\DP1.X.COM\ ', "DP1.X.COM"),
        (r'["Display=\\DP1\"]MSWNET:["SMS_SITE=PS1"]\\DP1\...', "DP1"),
        (r'["Display=\\DP1\SMSPKGE$\"]MSWNET:["SMS_SITE=PS1"]\\DP1\SMSPKGE$\ ', "DP1"),
        ("DP1.X.COM", "DP1.X.COM"),
        ("", ""),
    ],
)
def test_server_of_a_distribution_point(path: str, server: str) -> None:
    assert server_of(path) == server


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (rf"{INCOMING}\RD5L85BW.PKG", "RD5L85BW.PKG"),
        ("RD5L85BW.PKG.", "RD5L85BW.PKG"),
        ("d:/sms/incoming/x.pkg ", "x.pkg"),
        ("", ""),
    ],
)
def test_base_name(path: str, name: str) -> None:
    assert base_name(path) == name


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), ("<x>", None), ("", None), ("9" * 5000, None)])
def test_a_number_that_a_line_does_not_give_is_not_known(value: str | int, number: int | None) -> None:
    event = Teller().event("contents_added", version=value)
    assert integer(event, "version") == number
    assert integer(event, "absent") is None
    assert text(event, "version") == str(value)
