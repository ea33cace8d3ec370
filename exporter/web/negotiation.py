"""Which format and encoding a client is given, by its Accept and Accept-Encoding headers.

prometheus_client has a chooser of its own, but it fails on a version that is not a number, calls its answer by
whatever version it was asked for, and does not heed preferences (`q`).
"""

from __future__ import annotations

from collections.abc import Iterator

from exporter.metrics.exposition import Form

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TEXT_1_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping="
_OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="
_DEFAULT_ESCAPING = "underscores"
# Every name of ours is valid in every version of the formats, so that these two schemes leave all as it is.
_ESCAPINGS = frozenset({_DEFAULT_ESCAPING, "allow-utf-8"})


def choose_form(accept: str) -> tuple[Form, str]:
    """Return the format that the client likes best and the Content-Type that names it.

    A client that accepts none of our formats, or does not say, gets the classic text format, as every exporter does.
    """
    best = (0.0, Form.TEXT, TEXT_TYPE)
    for media, parameters in _ranges(accept):
        offer = _offer(media, parameters)
        quality = _quality(parameters)
        if offer is not None and quality > best[0]:  # of equals, the first one named
            best = (quality, *offer)
    return best[1:]


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether the client takes a body that is compressed with gzip."""
    qualities = {coding: _quality(parameters) for coding, parameters in _ranges(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _offer(media: str, parameters: dict[str, str]) -> tuple[Form, str] | None:
    version = parameters.get("version", "")
    escaping = parameters.get("escaping", _DEFAULT_ESCAPING)
    if escaping not in _ESCAPINGS:
        escaping = _DEFAULT_ESCAPING
    if media == "application/openmetrics-text" and version in {"", "1.0.0"}:
        return Form.OPENMETRICS, _OPENMETRICS_TYPE + escaping
    if media == "text/plain" and version == "1.0.0":
        return Form.TEXT, _TEXT_1_TYPE + escaping
    if media in {"text/plain", "text/*", "*/*"} and version in {"", "0.0.4"}:
        return Form.TEXT, TEXT_TYPE
    return None


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    for item in header.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters)
        yield name.lower(), {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in pairs}


def _quality(parameters: dict[str, str]) -> float:
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
