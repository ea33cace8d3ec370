"""Shapes of what the API answers, in JSON Schema, as OpenAPI 3.1 takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.logs.health import GapReason
from exporter.replication.diagnosis import CauseKind, Certainty
from exporter.replication.state import FactKind, SourceReason, TroubleKind, WaitReason
from exporter.report.changes import Turn, What
from exporter.report.condition import Condition, DoubtKind

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
OPTIONAL_STRING: Schema = {"type": ["string", "null"]}
OPTIONAL_INTEGER: Schema = {"type": ["integer", "null"]}
TIME: Schema = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "UTC with milliseconds; null when not known.",
}


def reference(name: str) -> Schema:
    """Return a reference to a shape of this module."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema) -> Schema:
    """Return the shape of a list."""
    return {"type": "array", "items": items}


def choice(*values: str) -> Schema:
    """Return the shape of one of some words."""
    return {"type": "string", "enum": list(values)}


def table(values: Schema) -> Schema:
    """Return the shape of an object whose keys are data."""
    return {"type": "object", "additionalProperties": values}


def shape(description: str, **properties: Schema) -> Schema:
    """Return the shape of an object whose keys are all there and are all known."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SITES = array(STRING)
_REMEDY = {**array(STRING), "description": "Steps, in their order."}
_LINE = {"file": STRING, "line": INTEGER, "time": TIME, "text": STRING}
_LINES = array(reference("Line"))
_MISSING = array(reference("Reference"))
_VERSIONS = {
    "versions": {**table(reference("Versions")), "description": "By site code, of sites that told any."},
    "current_at": {
        **_SITES,
        "description": "Sites with the version of the definition that the owner's log told last, or newer.",
    },
    "behind_at": {**_SITES, "description": "Sites that have an older one."},
}
_BLOCKED = {
    "task_sequence": STRING,
    "name": OPTIONAL_STRING,
    "missing": _MISSING,
    "since": TIME,
    "last_attempt": TIME,
    "attempts": COUNT,
    "version": OPTIONAL_INTEGER,
    "definition": OPTIONAL_STRING,
    "definitions_tried": COUNT,
    "error": OPTIONAL_INTEGER,
    "evidence": _LINES,
}
_WAITING = {
    "package": STRING,
    "name": OPTIONAL_STRING,
    "from_site": STRING,
    "reason": choice(*WaitReason),
    "since": TIME,
    "last_seen": TIME,
    "attempts": COUNT,
    "version": OPTIONAL_INTEGER,
    "cause": {
        "description": "What keeps the content away; null where no line tells: it may be on its way.",
        "oneOf": [reference("Cause"), {"type": "null"}],
    },
    "evidence": _LINES,
    "remedy": _REMEDY,
}
_SOURCE_ERROR = {
    "package": STRING,
    "name": OPTIONAL_STRING,
    "reason": choice(*SourceReason),
    "source_path": STRING,
    "win32_error": OPTIONAL_INTEGER,
    "win32_error_text": OPTIONAL_STRING,
    "since": TIME,
    "last_seen": TIME,
    "evidence": _LINES,
    "remedy": _REMEDY,
}
_TROUBLE = {
    "trouble": choice(*TroubleKind),
    "peer_site": {**STRING, "description": "The site at the other end; empty when no line names it."},
    "job": OPTIONAL_STRING,
    "distribution_point": OPTIONAL_STRING,
    "package": OPTIONAL_STRING,
    "name": OPTIONAL_STRING,
    "win32_error": OPTIONAL_INTEGER,
    "win32_error_text": OPTIONAL_STRING,
    "since": TIME,
    "last_seen": TIME,
    "attempts": COUNT,
    "evidence": _LINES,
    "remedy": _REMEDY,
}
_CAUSE = {
    "kind": choice(*CauseKind),
    "certainty": choice(*Certainty),
    "site": {**STRING, "description": "Where to look and mend."},
    "words": STRING,
    "ended": {**BOOLEAN, "description": "Whether what was wrong has been mended since, as far as the lines tell."},
    "behind": {
        "description": "What the cause is of, where the package is itself blocked by another.",
        "oneOf": [reference("Program"), {"type": "null"}],
    },
    "evidence": array(reference("SiteLine")),
}
_STUCK = {
    "blocked": array(reference("Blocked")),
    "waiting": array(reference("Waiting")),
    "source_errors": array(reference("SourceError")),
    "transport": array(reference("Trouble")),
    "gaps": array(reference("Gap")),
}
_PLACE = {"site": STRING, "parent": OPTIONAL_STRING, "parent_inferred": BOOLEAN, "condition": choice(*Condition)}
_PACKAGE = {
    "package": STRING,
    "name": OPTIONAL_STRING,
    "source_site": {**STRING, "description": "The owner; empty when the ID is not a package ID."},
    "missing_at": {**_SITES, "description": "Sites where a program of it is missing."},
    "blocked_at": {**_SITES, "description": "Sites where it cannot be stored itself."},
    "waiting_at": {**_SITES, "description": "Sites where its content is late."},
    "source_unreadable_at": _SITES,
    **_VERSIONS,
}


def _at_site(properties: Mapping[str, Schema]) -> dict[str, Schema]:
    return {"site": STRING, **properties}


SCHEMAS: Mapping[str, Schema] = {
    "Error": shape("Why there is no answer.", error=shape("", code=STRING, message=STRING)),
    "Line": shape("A log line that shows something.", **_LINE),
    "SiteLine": shape("A log line, and the site whose log holds it.", **_at_site(_LINE)),
    "Program": shape("A program of a package.", package=STRING, program=STRING),
    "Reference": shape(
        "A program of a package that is missing.",
        package=STRING,
        program=STRING,
        source_site=STRING,
        name=OPTIONAL_STRING,
    ),
    "Versions": shape("", definition=OPTIONAL_INTEGER, content=OPTIONAL_INTEGER, source=OPTIONAL_INTEGER),
    "Blocked": shape("A task sequence that cannot be stored.", **_BLOCKED),
    "BlockedAtSite": shape("A task sequence that cannot be stored, and where.", **_at_site(_BLOCKED)),
    "Waiting": shape("A package whose content is late.", **_WAITING),
    "WaitingAtSite": shape("A package whose content is late, and where.", **_at_site(_WAITING)),
    "SourceError": shape("A package whose source its owner cannot read.", **_SOURCE_ERROR),
    "SourceErrorAtSite": shape(
        "A package whose source its owner cannot read, and the owner.", **_at_site(_SOURCE_ERROR)
    ),
    "Trouble": shape("What keeps packages from getting on, between sites, at this one, or to its points.", **_TROUBLE),
    "TroubleAtSite": shape("What keeps packages from getting on, and where.", **_at_site(_TROUBLE)),
    "Gap": shape(
        "Lines that were lost before they were read.",
        log=STRING,
        reason=choice(*GapReason),
        noticed=TIME,
        after=TIME,
        before=TIME,
        unread_bytes=OPTIONAL_INTEGER,
    ),
    "Cause": shape("Why a program is missing, or content late.", **_CAUSE),
    "CauseAtSites": shape("Why a program is missing at some sites.", **_CAUSE, sites=_SITES),
    "Culprit": shape(
        "A missing program, and all that it blocks.",
        package=STRING,
        program=STRING,
        name=OPTIONAL_STRING,
        source_site=STRING,
        sites=_SITES,
        task_sequences=array(STRING),
        since=TIME,
        cause=reference("Cause"),
        causes=array(reference("CauseAtSites")),
        remedy=_REMEDY,
        **_VERSIONS,
        also_blocked_at=_SITES,
        also_waiting_at=_SITES,
    ),
    "SiteReport": shape("What is stuck at a site.", parent=OPTIONAL_STRING, parent_inferred=BOOLEAN, **_STUCK),
    "Place": shape("A site in the tree, and how it is.", **_PLACE),
    "Doubt": shape("A reason to doubt what is known.", site=STRING, log=STRING, kind=choice(*DoubtKind), words=STRING),
    "Hierarchy": shape(
        "The report of `explain --json`, and what stands behind it.",
        sites=table(reference("SiteReport")),
        culprits={**array(reference("Culprit")), "description": "Worst first."},
        tree=array(reference("Place")),
        reading=shape(
            "What was read.",
            sites=COUNT,
            logs=COUNT,
            lines=COUNT,
            records_until=TIME,
            unready={**OPTIONAL_STRING, "description": "Why this is not the whole truth yet."},
            doubts=array(reference("Doubt")),
        ),
    ),
    "BlockedList": shape("", blocked=array(reference("BlockedAtSite"))),
    "PackageRow": shape("A package, and where something is wrong with it.", **_PACKAGE),
    "PackageList": shape(
        "", packages=array(reference("PackageRow")), next={**OPTIONAL_STRING, "description": "For `after`."}
    ),
    "Fact": shape(
        "The newest line of its kind about a package at a site.",
        site=STRING,
        kind=choice(*FactKind),
        subject={**OPTIONAL_STRING, "description": "A site or a program."},
        version=OPTIONAL_INTEGER,
        **_LINE,
    ),
    "Package": shape(
        "All that is known of a package.",
        **_PACKAGE,
        culprits=array(reference("Culprit")),
        blocked=array(reference("BlockedAtSite")),
        waiting=array(reference("WaitingAtSite")),
        source_errors=array(reference("SourceErrorAtSite")),
        transport=array(reference("TroubleAtSite")),
        facts=array(reference("Fact")),
    ),
    "SiteList": shape(
        "",
        sites=array(
            shape(
                "",
                **_PLACE,
                read=BOOLEAN,
                blocked=COUNT,
                waiting=COUNT,
                source_errors=COUNT,
                gaps=COUNT,
                logs=COUNT,
                logs_up=COUNT,
                records_until=TIME,
            )
        ),
    ),
    "Log": shape(
        "How well a log is read.",
        log=STRING,
        up=BOOLEAN,
        error=OPTIONAL_STRING,
        size=COUNT,
        position=COUNT,
        last_record=TIME,
        lines=COUNT,
        events=COUNT,
        unmatched=COUNT,
        samples={**array(STRING), "description": "The latest lines with a word of failure that nothing matches."},
        stampless=COUNT,
        undecodable=COUNT,
        overlong=COUNT,
        rollovers=COUNT,
        sharing_violations=COUNT,
        read_errors=table(COUNT),
        gaps=table(COUNT),
    ),
    "Site": shape(
        "All that is known of a site.",
        **_PLACE,
        read={**BOOLEAN, "description": "Whether its logs are among those read here."},
        records_until=TIME,
        **_STUCK,
        doubts=array(reference("Doubt")),
        logs=array(reference("Log")),
    ),
    "EvidenceList": shape(
        "",
        evidence=array(
            shape(
                "",
                about=choice("cause", "blocked", "waiting", "source_error", "transport"),
                package=OPTIONAL_STRING,
                task_sequence=OPTIONAL_STRING,
                **_at_site(_LINE),
            )
        ),
        more=BOOLEAN,
    ),
    "EventPage": shape(
        "",
        events=array(
            shape(
                "Something began or ended.",
                cursor=INTEGER,
                event=choice(*(f"{what}_{turn}" for what in What for turn in Turn)),
                site=STRING,
                package=STRING,
                name=OPTIONAL_STRING,
                reason=OPTIONAL_STRING,
                from_site=OPTIONAL_STRING,
                missing=_MISSING,
                since=TIME,
                noticed=TIME,
            )
        ),
        cursor={**INTEGER, "description": "To ask with next."},
        missed={**BOOLEAN, "description": "Some later events are not known any more: read the hierarchy."},
        more={**BOOLEAN, "description": "Ask again at once."},
    ),
    "TargetGroups": array(shape("", targets=array(STRING), labels=table(STRING))),
}
