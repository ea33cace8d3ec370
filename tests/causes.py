"""Golden explanations: of the real excerpts that hold a finding, and of every scenario of the simulator.

`python -m tests.causes` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from exporter.commands.explain import read_once, sites_at
from exporter.events.matcher import Matcher
from exporter.logs.discovery import KNOWN_LOGS
from exporter.places import find_places
from exporter.report.hierarchy import report
from exporter.simulator import SCENARIOS, run_batch, scenario_plan
from tests.events.golden import CORPUS, excerpts, log_of, matcher

FOLDER = Path(__file__).parent / "golden" / "causes"
SCENARIO = "scenario "
_SITE = "XYZ"  # whose log it is, no excerpt says


def names() -> list[str]:
    """Name every excerpt of a log that is read, and every scenario."""
    return [each for each in excerpts() if log_of(each) in KNOWN_LOGS] + [f"{SCENARIO}{name}" for name in SCENARIOS]


@cache
def explained(name: str) -> Mapping[str, Any]:
    """Explain an excerpt or a scenario."""
    with TemporaryDirectory() as folder:
        if name.startswith(SCENARIO):
            run_batch(Path(folder), scenario_plan(name.removeprefix(SCENARIO)))
            return _explain(folder, matcher())
        (Path(folder) / f"{log_of(name)}.log").write_bytes((CORPUS / name).read_bytes())
        return _explain(f"{_SITE}={folder}", matcher())


def _explain(place: str, known: Matcher) -> Mapping[str, Any]:
    read = sites_at(find_places([place], KNOWN_LOGS), known)
    read_once(read)
    return report({site.code: site.ledger.state for site in read}).to_json()


def has_finding(answer: Mapping[str, Any]) -> bool:
    """Whether anything is stuck, or held up."""
    kinds = ("waiting", "source_errors", "transport")
    return bool(answer["culprits"]) or any(site[kind] for site in answer["sites"].values() for kind in kinds)


def golden_file(name: str) -> Path:
    return FOLDER / f"{name.replace('/', '-').replace(' ', '-')}.txt"


def render(name: str) -> str:
    """Give an explanation as a text to be read."""
    return "\n".join([f"# {name}", *_lines(explained(name))]) + "\n"


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    for culprit in answer["culprits"]:
        yield f"\n## {culprit['package']}, program {culprit['program']}, of {culprit['source_site'] or '(not known)'}\n"
        yield f"blocks {', '.join(culprit['task_sequences'])} at {', '.join(culprit['sites'])}"
        yield f"newest version at {_some(culprit['current_at'])}; older at {_some(culprit['behind_at'])}\n"
        for cause in culprit["causes"]:
            yield from _cause(cause, f"at {', '.join(cause['sites'])}: ")
        yield ""
        yield from (f"{number}. {step}" for number, step in enumerate(culprit["remedy"], 1))
    for code, site in answer["sites"].items():
        yield from _site(code, site)


def _cause(cause: Mapping[str, Any], of: str = "") -> Iterator[str]:
    yield f"{of}{cause['kind']} at {cause['site']}, {cause['certainty']}"
    yield f"    {cause['words']}"
    yield from (f"    | {line['site']} {_line(line)}" for line in cause["evidence"])


def _site(code: str, site: Mapping[str, Any]) -> Iterator[str]:
    if site["waiting"]:
        yield f"\n## Late at {code}\n"
    for waiting in site["waiting"]:
        yield f"{waiting['package']} from {waiting['from_site'] or '(not told)'}: {waiting['reason']}"
        yield from (f"    | {_line(line)}" for line in waiting["evidence"])
        if waiting["cause"]:
            yield from _cause(waiting["cause"])
    if site["source_errors"]:
        yield f"\n## Sources that {code} cannot read\n"
    for error in site["source_errors"]:
        path = error["source_path"] or "(not told)"
        yield f"{error['package']}: {error['reason']}, {path}, {error['win32_error']} {error['win32_error_text'] or ''}"
        yield from (f"    | {_line(line)}" for line in error["evidence"])
    if site["transport"]:
        yield f"\n## Held up at {code}\n"
    for trouble in site["transport"]:
        about = trouble["peer_site"], trouble["job"], trouble["package"], trouble["distribution_point"]
        error = trouble["win32_error"], trouble["win32_error_text"]
        yield " ".join([f"{trouble['trouble']}:", *(str(each) for each in (*about, *error) if each)])
        yield from (f"    | {_line(line)}" for line in trouble["evidence"])


def _some(sites: list[str]) -> str:
    return ", ".join(sites) or "none"


def _line(line: Mapping[str, Any]) -> str:
    return f"{line['file']}:{line['line']}  {line['text']}"


if __name__ == "__main__":
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    FOLDER.mkdir(exist_ok=True)
    for each in names():
        if has_finding(explained(each)):
            golden_file(each).write_text(render(each), encoding="utf-8")
