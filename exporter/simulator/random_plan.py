"""Random worlds for property tests."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from exporter.simulator.hierarchy import Era, Form, Package, Reference, Site
from exporter.simulator.plan import (
    Alter,
    BadSource,
    Burst,
    Change,
    Create,
    CutOff,
    Delete,
    DespoolerRetries,
    Drop,
    Incident,
    LateContent,
    LateDefinition,
    NeverSent,
    NotActive,
    Plan,
    ProgramDeleted,
    Restart,
    ServerRefused,
    SnapshotFails,
    Touch,
)
from exporter.simulator.zones import WINDOWS_ZONES

_HOUR = 3600
# A winter day, a summer day, the hour that is skipped and the hour that comes twice in the United States, and the
# latter in Europe.
_STARTS = (
    datetime(2010, 3, 4, 13, 0, tzinfo=UTC),
    datetime(2010, 7, 1, 22, 0, tzinfo=UTC),
    datetime(2010, 3, 14, 5, 30, tzinfo=UTC),
    datetime(2010, 11, 7, 4, 30, tzinfo=UTC),
    datetime(2010, 10, 30, 23, 0, tzinfo=UTC),
)
_PROGRAMS = ("Install", "Install - silent", "*", "Setup (x86)", "Büro.exe /S", "per-system unattended")


class _Parts(NamedTuple):
    """What incidents are made of; `span` is the plan's length in seconds, without the time for all to come right."""

    sites: tuple[Site, ...]
    packages: list[Package]
    sequences: list[Package]
    span: int
    mended: bool


def random_plan(seed: int, *, mended: bool = False, newer: bool = False, max_log_bytes: int = 1 << 40) -> Plan:
    """Return a random tree of up to six sites with random packages, task sequences and incidents.

    Args:
        seed: another seed is another world; the same is the same.
        mended: whether every incident ends, and enough time follows for all to be in order at the end.
        newer: whether there are incidents of the kinds that came last to the simulator too. Without them a seed is the
            world that it has always been, on which tests of one world rest.
        max_log_bytes: size at which logs roll; the default lets none roll, so that every line stays to be read.
    """
    rng = random.Random(seed)  # noqa: S311 -- a world to test with
    sites = _sites(rng)
    hours = rng.randint(3, 7)
    packages = _packages(rng, sites)
    sequences = _sequences(rng, sites, packages)
    standing = tuple(package for package in packages if _chance(rng, 0.3))
    changes = _changes(rng, packages, sequences, standing, hours * _HOUR)
    world = _Parts(sites, packages, sequences, hours * _HOUR, mended)
    incidents = [_incident(rng, world) for _ in range(rng.randint(0, 6))]
    if newer:
        incidents += _newer_incidents(random.Random(f"{seed}/newer"), world)  # noqa: S311
    return Plan(
        name=f"random {seed}",
        sites=sites,
        start=rng.choice(_STARTS),
        duration=timedelta(hours=hours + (8 if mended else 0)),
        standing=standing,
        changes=changes,
        incidents=tuple(incidents),
        seed=seed,
        noise=rng.choice((0.0, 0.3, 0.7)),
        max_log_bytes=max_log_bytes,
    )


def _chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def _sites(rng: random.Random) -> tuple[Site, ...]:
    codes = rng.sample(("CEN", "CHI", "LON", "P01", "D2N", "SYD"), rng.randint(2, 6))
    sites: list[Site] = []
    for code in codes:
        parent = rng.choice(sites).code if sites else None
        era = Era.CM2012 if _chance(rng, 0.25) else Era.CM2007
        form = Form.CCM if _chance(rng, 0.15) else None
        zone = rng.choice(sorted(WINDOWS_ZONES))
        folder = rng.choice((r"D:\SMS", r"C:\Program Files\Microsoft Configuration Manager"))
        sites.append(Site(code, parent, zone, era, folder, form, sql_trace=_chance(rng, 0.2)))
    return tuple(sites)


def _packages(rng: random.Random, sites: tuple[Site, ...]) -> list[Package]:
    return [
        Package(
            id=f"{rng.choice(sites[:2]).code}{n:05X}",
            name=rng.choice((f"Package {n}", f'Tools "{n}" [x86]', f"Büro {n} $$<beta>")),
            programs=tuple(rng.sample(_PROGRAMS, rng.randint(1, 2))),
            source=rf"\\FILES01\Source\P{n}" if _chance(rng, 0.8) else "",
            size_kb=rng.randint(1, 50_000),
            content_sites=tuple(site.code for site in sites if _chance(rng, 0.4)),
        )
        for n in range(1, rng.randint(3, 8))
    ]


def _sequences(rng: random.Random, sites: tuple[Site, ...], packages: list[Package]) -> list[Package]:
    known = {site.code: _above(sites, site.code) for site in sites}
    sequences = []
    for n in range(rng.randint(1, 6)):
        owner = rng.choice(sites[:2]).code
        offered = [package for package in packages if package.owner in known[owner]]
        chosen = rng.sample(offered, min(len(offered), rng.randint(1, 4)))
        references = tuple(Reference(package.id, rng.choice(package.programs)) for package in chosen)
        sequences.append(Package(f"{owner}{0xF00 + n:05X}", f"Deploy {n}", references=references))
    return sequences


def _above(sites: tuple[Site, ...], code: str) -> set[str]:
    parents = {site.code: site.parent for site in sites}
    found = {code}
    parent = parents[code]
    while parent is not None:
        found.add(parent)
        parent = parents[parent]
    return found


def _changes(
    rng: random.Random,
    packages: list[Package],
    sequences: list[Package],
    standing: tuple[Package, ...],
    span: int,
) -> tuple[Change, ...]:
    changes: list[Change] = []
    for package in packages:
        born = 0
        if package not in standing:
            born = rng.randrange(span // 2)
            changes.append(Create(born, package))
        if _chance(rng, 0.4):
            changes.append(Touch(rng.randrange(born, span), package.id, refresh=_chance(rng, 0.5)))
    for sequence in sequences:
        born = rng.randrange(span // 2)
        changes.append(Create(born, sequence))
        if _chance(rng, 0.5):
            shorter = Package(sequence.id, sequence.name, references=sequence.references[1:])
            later = rng.randrange(born, span)
            changes.append(rng.choice((Touch(later, sequence.id), Alter(later, shorter), Delete(later, sequence.id))))
    return tuple(changes)


def _incident(rng: random.Random, parts: _Parts) -> Incident:
    start = rng.randrange(parts.span // 3)
    lasts = not parts.mended and _chance(rng, 0.6)
    end = 2 * parts.span if lasts else rng.randrange(start + 60, parts.span)
    sites, packages = parts.sites, parts.packages
    child = rng.choice(sites[1:])
    parent = child.parent or ""
    # Most trouble befalls what task sequences run, or it would seldom show.
    run = [p for p in packages for q in parts.sequences if any(p.id == lacked.package for lacked in q.references)]
    package = rng.choice([*run, *packages])
    either = rng.choice((*packages, *parts.sequences)).id
    if package.owner == child.code:
        return Restart(child.code, start)  # the rest would befall a site with what is its own
    return rng.choice(
        (
            BadSource(package.id, start, end, rng.choice((2, 3, 5, 53))),
            BadSource(package.id, 0, end, 5),
            SnapshotFails(package.id, start, end),
            LateContent(package.id, child.code, start, end),
            NeverSent(
                parent,
                child.code,
                start,
                min(end, start + 3600),
                end,
                rng.choice((None, either)),
                rng.choice(list(Drop)),
            ),
            CutOff(parent, child.code, start, end, rng.choice((53, 64, 67))),
            DespoolerRetries(child.code, either, start, end),
            ProgramDeleted(child.code, Reference(package.id, package.programs[0]), start, end),
            ServerRefused(child.code, package.id, start, end),
            Restart(child.code, start, mid_unit=_chance(rng, 0.7)),
            Burst(child.code, start, rng.randint(10, 400), mid_unit=_chance(rng, 0.7)),
        )
    )


def _newer_incidents(rng: random.Random, parts: _Parts) -> list[Incident]:
    """Return what befalls sites of 2012: the one holds a child for not active, to the other definitions come late."""
    eras = {site.code: site.era for site in parts.sites}
    found: list[Incident] = []
    for child in parts.sites[1:]:
        start = rng.randrange(parts.span // 2)
        end = rng.randrange(start + 60, parts.span) if parts.mended or _chance(rng, 0.5) else 2 * parts.span
        if eras[child.parent or ""] is Era.CM2012 and _chance(rng, 0.6):
            found.append(NotActive(child.parent or "", child.code, start, min(end, start + 5400), end))
        strange = [package for package in parts.packages if package.owner != child.code]
        if child.era is Era.CM2012 and strange and _chance(rng, 0.6):
            found.append(LateDefinition(rng.choice(strange).id, child.code, start, end))
    return found
