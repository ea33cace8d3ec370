"""The page at `/`: is anything stuck, and where to look."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from exporter.metrics.labels import label_value
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.state import Reference, owner_of

_MOST_CULPRITS = 50


@dataclass(frozen=True, slots=True)
class Culprit:
    """A program that is missing somewhere, and what waits for it."""

    package: str
    program: str
    name: str
    owner: str
    sites: tuple[str, ...]
    task_sequences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the page says.

    Attributes:
        unready: why it may not be the whole truth yet, or "".
        sites: how many are watched; the other numbers are over all of them.
        culprits: worst first.
        unreadable: logs that cannot be read, as `SITE log: reason`.
    """

    version: str
    unready: str
    sites: int
    blocked: int
    waiting: int
    source_errors: int
    culprits: tuple[Culprit, ...]
    unreadable: tuple[str, ...]


def summarise(snapshot: Snapshot, unready: str) -> Summary:
    """Return what the page says about a state."""
    blocked = waiting = source_errors = 0
    waiting_for: dict[Reference, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    unreadable: list[str] = []
    for view in snapshot.sites:
        with view.lock:
            blocked += len(view.state.blocked)
            waiting += len(view.state.waiting)
            source_errors += len(view.state.source_errors)
            names |= view.state.names
            for reference, task_sequence in _references(view):
                waiting_for.setdefault(reference, []).append((view.state.site, task_sequence))
            unreadable += [
                f"{view.state.site} {log}: {h.error or 'not read yet'}" for log, h in view.logs.items() if not h.up
            ]
    culprits = [
        Culprit(
            reference.package,
            reference.program,
            names.get(reference.package, ""),
            owner_of(reference.package),
            _distinct(site for site, _ in places),
            _distinct(task_sequence for _, task_sequence in places),
        )
        for reference, places in waiting_for.items()
    ]
    culprits.sort(key=lambda c: (-len(c.task_sequences), -len(c.sites), c.package, c.program))
    return Summary(
        snapshot.exporter.version,
        unready,
        len(snapshot.sites),
        blocked,
        waiting,
        source_errors,
        tuple(culprits),
        tuple(sorted(unreadable)),
    )


def _references(view: SiteView) -> Iterable[tuple[Reference, str]]:
    return ((reference, b.task_sequence) for b in view.state.blocked.values() for reference in b.missing)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def render(summary: Summary, *, telemetry_path: str) -> str:
    """Return the page as HTML. Links are relative, so that they hold behind a proxy that adds a prefix."""
    parts = [
        _verdict(summary),
        _culprits(summary.culprits),
        _unreadable(summary.unreadable),
        _links(telemetry_path),
    ]
    return _PAGE.format(style=_STYLE, version=_shown(summary.version), body="\n".join(filter(None, parts)))


def _verdict(summary: Summary) -> str:
    kind, headline = "good", "Nothing is stuck"
    if summary.blocked:
        kind, headline = "bad", f"{_count(summary.blocked, 'blocked task sequence')}"
    elif summary.waiting or summary.source_errors:
        kind, headline = "poor", "Packages need attention"
    elif summary.unready or summary.unreadable:
        kind, headline = "poor", "Nothing is known to be stuck"
    facts = [
        _count(summary.sites, "site"),
        _count(len(summary.culprits), "missing program"),
        _count(summary.waiting, "package") + " waiting for content",
        _count(summary.source_errors, "package") + " whose source cannot be read",
    ]
    note = f"<p><strong>Not ready:</strong> {_shown(summary.unready)}</p>" if summary.unready else ""
    return f'<section class="verdict {kind}"><h1>{headline}</h1><p>{" · ".join(facts)}</p>{note}</section>'


def _culprits(culprits: tuple[Culprit, ...]) -> str:
    if not culprits:
        return ""
    rows = "\n".join(
        f"<tr><th scope=row>{_shown(c.package)}<small>{_shown(c.name)}</small></th><td>{_shown(c.program)}</td>"
        f"<td>{_shown(c.owner)}</td><td>{len(c.task_sequences)}</td><td>{_shown(' '.join(c.sites))}</td></tr>"
        for c in culprits[:_MOST_CULPRITS]
    )
    more = len(culprits) - _MOST_CULPRITS
    rest = f"<p>and {_count(more, 'more program')}: see the metrics.</p>" if more > 0 else ""
    return (
        "<section><h2>What is missing, worst first</h2><div class=wide><table><thead><tr><th scope=col>Package"
        "<th scope=col>Program<th scope=col>Owner<th scope=col>Task sequences<th scope=col>Missing at</tr></thead>"
        f"<tbody>\n{rows}\n</tbody></table></div>{rest}</section>"
    )


def _unreadable(logs: tuple[str, ...]) -> str:
    if not logs:
        return ""
    items = "".join(f"<li>{_shown(log)}</li>" for log in logs[:_MOST_CULPRITS])
    return f"<section><h2>{_count(len(logs), 'log')} not readable</h2><ul>{items}</ul></section>"


def _links(telemetry_path: str) -> str:
    targets = {"Metrics": telemetry_path.lstrip("/"), "Health": "-/healthy", "Readiness": "-/ready"}
    links = "".join(f'<li><a href="{_shown(path)}">{text}</a></li>' for text, path in targets.items())
    return f"<nav><ul>{links}</ul></nav>"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _shown(text: str) -> str:
    return escape(label_value(text))


_STYLE = """
:root{color-scheme:light dark;--text:#1b1f24;--dim:#57606a;--page:#f6f8fa;--card:#fff;--line:#d0d7de;--link:#0550ae;
--good:#1a7f37;--poor:#9a6700;--bad:#cf222e}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--dim:#9da7b1;--page:#0d1117;--card:#161b22;--line:#30363d;
--link:#79c0ff;--good:#3fb950;--poor:#d29922;--bad:#ff7b72}}
body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);
background:var(--page)}
header{color:var(--dim)}a{color:var(--link)}
section{margin:1rem 0;padding:1rem 1.25rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card)}
h1{margin:0;font-size:1.75rem}h2{margin:0 0 .5rem;font-size:1.125rem}p{margin:.25rem 0}
.verdict{border-left:.5rem solid}.good{border-left-color:var(--good)}.poor{border-left-color:var(--poor)}
.bad{border-left-color:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.375rem .75rem .375rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
small{display:block;font-weight:normal;color:var(--dim)}
nav ul{display:flex;gap:1.5rem;padding:0;list-style:none}
""".strip()

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>configmgr-exporter</title>
<style>{style}</style>
</head>
<body>
<header>configmgr-exporter {version}</header>
<main>
{body}
</main>
</body>
</html>
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing may be loaded, run or framed; only the page's own style applies."""
