"""The table of endpoints: what answers, what it takes, and what it gives. Routes and description are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.web.api import answers
from exporter.web.api.answers import Question
from exporter.web.api.schemas import BOOLEAN, STRING, Schema

MAX_CURSOR: Final = (1 << 53) - 1  # what every reader of JSON can hold


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an endpoint; those named in the path are needed, the others stand in the query."""

    name: str
    schema: Schema
    description: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that can be asked.

    Attributes:
        path: below `/api/v1`, with its parameters in braces.
        name: of the operation, for generated clients.
        summary: what it answers.
        schema: name of the shape of the answer.
        answer: makes the answer; None when there is no such thing.
        parameters: what it takes.
    """

    path: str
    name: str
    summary: str
    schema: str
    answer: Callable[[Question], Any]
    parameters: tuple[Parameter, ...] = ()


def _text(name: str, description: str) -> Parameter:
    return Parameter(name, {**STRING, "minLength": 1, "maxLength": 256}, description)


def _limit(default: int, most: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", schema, "How many to answer at most.")


_CODE = _text("site", "Site code.")
_PACKAGE_ID = _text("package", "ID of a package or task sequence.")

ENDPOINTS: Final = (
    Endpoint(
        "/hierarchy",
        "getHierarchy",
        "What is stuck in the whole hierarchy, why, and what to do: as `explain --json`",
        "Hierarchy",
        answers.hierarchy,
    ),
    Endpoint(
        "/blocked",
        "listBlocked",
        "Each blocked task sequence at each site",
        "BlockedList",
        answers.blocked,
        (
            _text("site", "Only at this site."),
            _text("package", "Only this task sequence, or those that wait for this package."),
        ),
    ),
    Endpoint(
        "/packages",
        "listPackages",
        "Packages that anything is known of, by their IDs",
        "PackageList",
        answers.packages,
        (
            Parameter("stuck", {**BOOLEAN, "default": False}, "Only those that something is wrong with."),
            _limit(100, 1000),
            _text("after", "Only IDs behind this one: `next` of the page before."),
        ),
    ),
    Endpoint(
        "/packages/{package}",
        "getPackage",
        "All that is known of a package or task sequence",
        "Package",
        answers.package,
        (_PACKAGE_ID,),
    ),
    Endpoint("/sites", "listSites", "Each site in few words", "SiteList", answers.sites),
    Endpoint("/sites/{site}", "getSite", "All that is known of a site", "Site", answers.site, (_CODE,)),
    Endpoint(
        "/evidence",
        "listEvidence",
        "Log lines that show what is stuck and why",
        "EvidenceList",
        answers.evidence,
        (
            _text("site", "Only lines of this site's logs."),
            _text("package", "Only about this package or task sequence."),
            _text("task_sequence", "Only about this task sequence."),
            _limit(200, 1000),
        ),
    ),
    Endpoint(
        "/events",
        "listEvents",
        "What began and what ended, oldest first",
        "EventPage",
        answers.events,
        (
            Parameter(
                "since",
                {"type": "integer", "minimum": 0, "maximum": MAX_CURSOR},
                "Only what came after this cursor. Without it, all that is known.",
            ),
            _limit(200, 1000),
        ),
    ),
    Endpoint(
        "/http_sd",
        "listTargets",
        "This exporter as targets for the HTTP service discovery of Prometheus",
        "TargetGroups",
        answers.http_sd,
    ),
)


def by_name(endpoint: Endpoint) -> Mapping[str, Parameter]:
    """Return the parameters of an endpoint by their names."""
    return {parameter.name: parameter for parameter in endpoint.parameters}
