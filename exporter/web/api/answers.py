"""What each endpoint answers, as plain data. Parts of the report have the shape that `explain --json` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from exporter.logs.health import LogHealth
from exporter.replication.state import Fact, owner_of
from exporter.report.changes import Change, History
from exporter.report.condition import Condition, conditions, doubts_of
from exporter.report.hierarchy import progress
from exporter.report.picture import Picture
from exporter.report.plain import rfc3339

Json = dict[str, Any]


class Address(NamedTuple):
    """Where metrics can be scraped: `http` or `https`, host and port, path."""

    scheme: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Question:
    """What an endpoint is asked.

    Attributes:
        picture: the state.
        history: what has changed.
        arguments: of the path and the query, checked, with defaults filled in.
        address: where the client can scrape the metrics.
    """

    picture: Picture
    history: History
    arguments: Mapping[str, Any]
    address: Address


def hierarchy(question: Question) -> Json:
    """Return the whole report, how the sites are, and what was read for it."""
    picture = question.picture
    logs = [log for site in picture.sites.values() for log in site.logs.values() if log.lines]
    return {
        **picture.report.to_json(),
        "tree": [_place(picture, code, condition) for code, condition in conditions(picture).items()],
        "reading": {
            "sites": len(picture.sites),
            "logs": len(logs),
            "lines": sum(log.lines for log in logs),
            "records_until": rfc3339(picture.records_until),
            "unready": picture.unready or None,
            "doubts": [doubt for code in picture.sites for doubt in _doubts(picture, code)],
        },
    }


def _place(picture: Picture, code: str, condition: Condition) -> Json:
    return {
        "site": code,
        "parent": picture.tree.parents.get(code),
        "parent_inferred": code in picture.tree.inferred,
        "condition": condition.value,
    }


def _doubts(picture: Picture, code: str) -> list[Json]:
    found = doubts_of(code, picture.sites[code], picture.taken)
    return [{"site": d.site, "log": d.log, "kind": d.kind.value, "words": d.words} for d in found]


def blocked(question: Question) -> Json:
    """Return each blocked task sequence at each site."""
    site, package = question.arguments["site"], question.arguments["package"]
    rows = [row for row in _rows(question.picture, "blocked") if site in {None, row["site"]}]
    if package is not None:
        rows = [row for row in rows if package in {row["task_sequence"], *(m["package"] for m in row["missing"])}]
    return {"blocked": rows}


def _rows(picture: Picture, part: str) -> list[Json]:
    """Return one part of the report over all sites, each entry with its site."""
    return [
        {"site": code, **entry} for code, report in picture.report.to_json()["sites"].items() for entry in report[part]
    ]


def packages(question: Question) -> Json:
    """Return the packages that anything is known of, by their IDs."""
    picture, arguments = question.picture, question.arguments
    stuck = _stuck(picture)
    known = stuck.keys() if arguments["stuck"] else {*stuck, *_told(picture)}
    after, limit = arguments["after"], arguments["limit"]
    found = sorted(package for package in known if after is None or package > after)
    return {
        "packages": [_package_row(picture, package, stuck.get(package, {})) for package in found[:limit]],
        "next": found[limit - 1] if len(found) > limit else None,
    }


def _told(picture: Picture) -> Iterator[str]:
    for state in picture.states.values():
        yield from state.versions
        yield from state.names
        yield from state.facts
    for report in picture.report.sites.values():
        yield from (trouble.package for trouble in report.troubles if trouble.package)


def _stuck(picture: Picture) -> dict[str, dict[str, list[str]]]:
    """Return the packages that something is wrong with: in which way, and at which sites."""
    found: dict[str, dict[str, list[str]]] = {}

    def note(package: str, way: str, site: str) -> None:
        sites = found.setdefault(package, {}).setdefault(way, [])
        if site not in sites:
            sites.append(site)

    for code, report in picture.report.sites.items():
        for block in report.blocked:
            note(block.task_sequence, "blocked_at", code)
            for missing in block.missing:
                note(missing.package, "missing_at", code)
        for waiting in report.waiting:
            note(waiting.package, "waiting_at", code)
        for error in report.source_errors:
            note(error.package, "source_unreadable_at", code)
    return found


_WAYS = ("missing_at", "blocked_at", "waiting_at", "source_unreadable_at")


def _package_row(picture: Picture, package: str, wrong: Mapping[str, list[str]]) -> Json:
    return {
        "package": package,
        "name": picture.names.get(package),
        "source_site": owner_of(package),
        **{way: wrong.get(way, []) for way in _WAYS},
        **progress(picture.states, package).to_json(),
    }


def package(question: Question) -> Json | None:
    """Return all that is known of one package, None when nothing is."""
    picture, wanted = question.picture, question.arguments["package"]
    wrong = _stuck(picture).get(wanted, {})
    if not wrong and wanted not in picture.names and wanted not in _told(picture):
        return None
    return {
        **_package_row(picture, wanted, wrong),
        "culprits": [c.to_json() for c in picture.report.culprits if c.reference.package == wanted],
        "blocked": [row for row in _rows(picture, "blocked") if row["task_sequence"] == wanted],
        "waiting": [row for row in _rows(picture, "waiting") if row["package"] == wanted],
        "source_errors": [row for row in _rows(picture, "source_errors") if row["package"] == wanted],
        "transport": [row for row in _rows(picture, "transport") if row["package"] == wanted],
        "facts": [
            _fact(code, fact)
            for code, state in picture.states.items()
            for fact in sorted(state.facts.get(wanted, {}).values(), key=lambda fact: fact.evidence.time or 0.0)
        ],
    }


def _fact(code: str, fact: Fact) -> Json:
    line = fact.evidence
    return {
        "site": code,
        "kind": fact.kind.value,
        "subject": fact.subject or None,
        "version": fact.version,
        "file": line.file,
        "line": line.line,
        "time": rfc3339(line.time),
        "text": line.text,
    }


def sites(question: Question) -> Json:
    """Return each site in few words."""
    picture = question.picture
    return {"sites": [_site_row(picture, code, condition) for code, condition in conditions(picture).items()]}


def _site_row(picture: Picture, code: str, condition: Condition) -> Json:
    report, seen = picture.report.sites.get(code), picture.sites.get(code)
    logs = seen.logs.values() if seen else ()
    return {
        **_place(picture, code, condition),
        "read": seen is not None,
        "blocked": len(report.blocked) if report else 0,
        "waiting": len(report.waiting) if report else 0,
        "source_errors": len(report.source_errors) if report else 0,
        "gaps": len(report.gaps) if report else 0,
        "logs": len(logs),
        "logs_up": sum(log.up for log in logs),
        "records_until": rfc3339(seen.records_until) if seen else None,
    }


def site(question: Question) -> Json | None:
    """Return all that is known of one site, None when nothing is."""
    picture, code = question.picture, question.arguments["site"]
    condition = conditions(picture).get(code)
    if condition is None:
        return None
    report, seen = picture.report.sites.get(code), picture.sites.get(code)
    stuck: Json = {"blocked": [], "waiting": [], "source_errors": [], "transport": [], "gaps": []}
    return {
        **_place(picture, code, condition),
        "read": seen is not None,
        "records_until": rfc3339(seen.records_until) if seen else None,
        **(report.to_json() if report else stuck),
        "doubts": _doubts(picture, code) if seen else [],
        "logs": [_log(log, health) for log, health in sorted(seen.logs.items())] if seen else [],
    }


def _log(log: str, health: LogHealth) -> Json:
    return {
        "log": log,
        "up": health.up,
        "error": health.error or None,
        "size": health.size,
        "position": health.position,
        "last_record": rfc3339(health.last_record),
        "lines": health.lines,
        "events": health.events,
        "unmatched": health.unmatched,
        "samples": list(health.samples),
        "stampless": health.stampless,
        "undecodable": health.undecodable,
        "overlong": health.overlong,
        "rollovers": health.rollovers,
        "sharing_violations": health.sharing_violations,
        "read_errors": dict(health.read_errors),
        "gaps": {str(reason): number for reason, number in health.gaps.items()},
    }


def evidence(question: Question) -> Json:
    """Return log lines that show what is stuck and why."""
    arguments = question.arguments
    wanted = {name: arguments[name] for name in ("site", "package", "task_sequence") if arguments[name] is not None}
    lines = (
        line
        for line in _lines(question.picture)
        if all(
            value == line[name] or (name == "package" and value == line["task_sequence"])
            for name, value in wanted.items()
        )
    )
    found = list(islice(lines, arguments["limit"] + 1))
    return {"evidence": found[: arguments["limit"]], "more": len(found) > arguments["limit"]}


def _lines(picture: Picture) -> Iterator[Json]:
    report = picture.report.to_json()
    for culprit in report["culprits"]:
        for cause in culprit["causes"]:
            for line in cause["evidence"]:
                yield {"about": "cause", "package": culprit["package"], "task_sequence": None, **line}
    for code, site in report["sites"].items():
        for block in site["blocked"]:
            package = block["missing"][0]["package"] if block["missing"] else None
            subject = {"package": package, "task_sequence": block["task_sequence"], "site": code}
            yield from ({"about": "blocked", **subject, **line} for line in block["evidence"])
        for part, about in (("waiting", "waiting"), ("source_errors", "source_error"), ("transport", "transport")):
            for entry in site[part]:
                subject = {"package": entry["package"], "task_sequence": None, "site": code}
                yield from ({"about": about, **subject, **line} for line in entry["evidence"])


def events(question: Question) -> Json:
    """Return what began and ended after a cursor."""
    page = question.history.after(question.arguments["since"], question.arguments["limit"])
    names = question.picture.names
    return {
        "events": [_event(change, names) for change in page.changes],
        "cursor": page.cursor,
        "missed": page.missed,
        "more": page.more,
    }


def _event(change: Change, names: Mapping[str, str]) -> Json:
    thing = change.standing
    return {
        "cursor": change.cursor,
        "event": f"{thing.what.value}_{change.turn.value}",
        "site": thing.site,
        "package": thing.package,
        "name": names.get(thing.package),
        "reason": thing.reason or None,
        "from_site": thing.from_site or None,
        "missing": [
            {
                "package": m.package,
                "program": m.program,
                "source_site": owner_of(m.package),
                "name": names.get(m.package),
            }
            for m in thing.missing
        ],
        "since": rfc3339(thing.since),
        "noticed": rfc3339(change.noticed),
    }


def http_sd(question: Question) -> list[Json]:
    """Return this exporter as targets of Prometheus, one group for each site that it reads."""
    picture = question.picture
    scheme, host, path = question.address
    shared = {"__scheme__": scheme, "__metrics_path__": path}
    return [
        {
            "targets": [host],
            "labels": {
                **shared,
                "__meta_configmgr_site": code,
                "__meta_configmgr_parent_site": picture.tree.parents.get(code, ""),
                "__meta_configmgr_site_server": picture.given.servers.get(code, ""),
            },
        }
        for code in picture.sites
    ]
