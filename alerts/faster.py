"""The same rules and routes with every duration divided, so that what takes an hour is tried in a minute.

Nothing else differs. For logs that are written so many times as fast, with stamps that say so: see `alerts/drill/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alerts.thresholds import Threshold, Thresholds, duration_of, is_duration, seconds_of

_OF_ROUTES: Final = ("group_wait", "group_interval", "repeat_interval")


def faster_thresholds(thresholds: Thresholds, times: float) -> Thresholds:
    """Return thresholds of which each duration is so many times as short."""
    return Thresholds(
        {name: _faster(each, times) for name, each in thresholds.common.items()},
        {alert: {name: _faster(each, times) for name, each in own.items()} for alert, own in thresholds.alerts.items()},
    )


def _faster(threshold: Threshold, times: float) -> Threshold:
    if not is_duration(threshold.value):
        return threshold
    return Threshold(shorter(threshold.value, times), threshold.why)


def shorter(duration: str, times: float) -> str:
    """Return a duration that is so many times as short."""
    return duration_of(seconds_of(duration) / times)


def faster_routes(configuration: Mapping[str, Any], times: float) -> dict[str, Any]:
    """Return a configuration of Alertmanager with the durations of its routes divided."""
    return {**configuration, "route": _faster_route(configuration["route"], times)}


def _faster_route(route: Mapping[str, Any], times: float) -> dict[str, Any]:
    shortened = {key: shorter(route[key], times) for key in _OF_ROUTES if key in route}
    below = {"routes": [_faster_route(each, times) for each in route["routes"]]} if "routes" in route else {}
    return {**route, **shortened, **below}
