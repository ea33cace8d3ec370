"""The format and encoding that a client is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import choose_encoder

from exporter.metrics.exposition import Form
from exporter.web.negotiation import TEXT_TYPE, accepts_gzip, choose_form

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/plain",
        "text/html,*/*;q=0.8",
        PROMETHEUS_2,
        PROMETHEUS_3,
        "text/plain;version=1.0.0;escaping=allow-utf-8",
    ],
)
def test_real_clients_get_what_prometheus_client_would_give(accept: str) -> None:
    encoder, content_type = choose_encoder(accept)
    openmetrics = "openmetrics" in getattr(encoder, "func", encoder).__module__
    assert choose_form(accept) == (Form.OPENMETRICS if openmetrics else Form.TEXT, content_type)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/openmetrics-text", OPENMETRICS + "underscores"),
        ("application/openmetrics-text;version=1.0.0;escaping=dots", OPENMETRICS + "underscores"),
        ("application/openmetrics-text;version=9.9.9", TEXT_TYPE),
        ("text/plain;version=a", TEXT_TYPE),
        ("text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.9", TEXT_TYPE),
        ("application/openmetrics-text;q=0, */*;q=0.1", TEXT_TYPE),
        ("image/png", TEXT_TYPE),
        ("application/openmetrics-text;q=nan", TEXT_TYPE),
        ("application/openmetrics-text;q=high", TEXT_TYPE),
    ],
)
def test_what_we_cannot_give_is_never_promised(accept: str, content_type: str) -> None:
    assert choose_form(accept)[1] == content_type


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("*", True),
        ("identity, br", False),
    ],
)
def test_gzip_is_used_only_when_it_is_welcome(header: str, accepted: bool) -> None:  # noqa: FBT001 - a table
    assert accepts_gzip(header) is accepted


@given(st.text() | st.text('applicationpenmrs-/;=,q0.14 "*'))
def test_any_header_is_answered(header: str) -> None:
    form, content_type = choose_form(header)
    assert content_type.startswith("application/openmetrics-text" if form is Form.OPENMETRICS else "text/plain")
    assert accepts_gzip(header) in {True, False}
