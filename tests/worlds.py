"""Random hierarchies in which much goes wrong: the simulator's own random worlds are as peaceful as real ones."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from exporter.simulator.hierarchy import Era, Package, Reference, Site
from exporter.simulator.plan import (
    Alter,
    BadSource,
    Change,
    Create,
    CutOff,
    DespoolerRetries,
    Drop,
    Incident,
    LateContent,
    NeverSent,
    Plan,
    ProgramDeleted,
    Restart,
    SnapshotFails,
    Touch,
)
from exporter.simulator.plans import healthy_plan
from exporter.simulator.random_plan import random_plan

_NEW = "New in this version"


def troubled_plan(seed: int, *, mended: bool = False, newer: bool = False, max_log_bytes: int = 1 << 40) -> Plan:
    """Return a random plan in which most packages are kept from some site while a task sequence needs them there.

    Args:
        seed: another seed is another world.
        mended: whether every added incident ends in the first half; else most last until the end.
        newer: whether incidents of the kinds that came last to the simulator are among them.
        max_log_bytes: size at which logs roll.
    """
    rng = random.Random(seed)  # noqa: S311 - a world to test with
    plan = random_plan(seed, mended=mended, newer=newer, max_log_bytes=max_log_bytes)
    span = int(plan.duration.total_seconds())
    changes, incidents = list(plan.changes), list(plan.incidents)
    packages = {c.package: c.at for c in changes if isinstance(c, Create) and not c.package.references}
    packages |= dict.fromkeys(plan.standing, -1)
    for number, (package, born) in enumerate(packages.items()):
        if plan.below(package.owner) and rng.random() < 0.7:
            end = rng.randrange(span // 4, span // 2) if mended or rng.random() < 0.3 else 2 * span
            more, incident = _story(rng, plan, _Story(package, born, number, end))
            changes += more
            incidents.append(incident)
    if rng.random() < 0.5:
        incidents.append(Restart(rng.choice(plan.sites).code, rng.randrange(span)))
    # The scheduler's line on a job that it drops does not say to whom: beside it, one that is dropped without a line
    # cannot be told from that one. So in one world jobs are dropped in one way.
    how = rng.choice(list(Drop))
    incidents = [replace(each, how=how) if isinstance(each, NeverSent) else each for each in incidents]
    return replace(plan, changes=tuple(changes), incidents=tuple(incidents))


def cut(plan: Plan, seed: int) -> Plan:
    """Return a plan that ends at a random moment, whatever is going on then."""
    share = random.Random(seed).random()  # noqa: S311
    return replace(plan, duration=timedelta(seconds=int(plan.duration.total_seconds() * share)))


class _Story:
    """A package, when it was created (-1: every site has it), the number of its task sequence, when it is mended."""

    def __init__(self, package: Package, born: int, number: int, end: int) -> None:
        self.package = package
        self.born = born
        self.end = end
        program = package.programs[0] if born >= 0 else _NEW
        identity = f"{package.owner}{0xE00 + number:05X}"
        self.sequence = Package(identity, f"Use {number}", references=(Reference(package.id, program),))


def _story(rng: random.Random, plan: Plan, story: _Story) -> tuple[list[Change], Incident]:
    """Return what keeps a package from a site, and a task sequence that needs it there."""
    package, end = story.package, story.end
    site = rng.choice(plan.below(package.owner))
    parent = plan.site(site).parent or ""
    changes: list[Change] = []
    moment = story.born
    if moment < 0:  # the package is everywhere: a new program of it is not
        moment = rng.randrange(600, 7200)
        newer = replace(package, programs=(*package.programs, _NEW))
        changes.append(Alter(moment, newer, refresh=rng.random() < 0.5))
    used = moment + rng.randrange(900, 3600)
    changes.append(Create(used, story.sequence))
    lost = story.sequence.references[0]
    deletion = ProgramDeleted(site, lost, used + 1200, max(end, used + 3600))
    incident: Incident = rng.choice(
        (
            BadSource(package.id, 0, end, rng.choice((2, 3, 5, 53))),
            SnapshotFails(package.id, 0, end),
            NeverSent(parent, site, 0, moment + 900, max(end, moment + 900), package.id),
            CutOff(parent, site, max(0, moment - 600), moment + 800, rng.choice((53, 64, 67))),
            DespoolerRetries(site, package.id, 0, end),
            LateContent(package.id, site, 0, end),
            deletion,
        )
    )
    if incident is deletion:
        changes.append(Touch(used + 1800, story.sequence.id))
    return changes, incident


def busy_days(days: int, *, max_log_bytes: int = 1 << 40) -> Plan:
    """Return days of work at sites of both ages in which nothing goes wrong, with a quiet night after each.

    Each day has new packages, task sequences that run them an hour later, sources that change, properties that are
    touched, and a restart at one site.
    """
    base = healthy_plan()
    changes, incidents = list(base.changes), list[Incident]()
    below = tuple(site.code for site in base.sites[1:])
    for day in range(1, days):
        dawn = day * 86_400
        for n in range(6):
            number = 0x100 * day + n
            program = Reference(f"CEN{number:05X}", "Install")
            source = rf"\\FILES01\Source\{day}-{n}"
            changes += [
                Create(
                    dawn + 600 * n,
                    Package(program.package, f"Package {number}", ("Install",), source, 700, (), below[n % 5 :]),
                ),
                Create(
                    dawn + 7200 + 600 * n,
                    Package(
                        f"CEN{number + 0x80:05X}",
                        f"Deploy {number}",
                        references=(program, Reference("CEN00001", "Install")),
                    ),
                ),
                Touch(dawn + 14_400 + 900 * n, f"CEN{n + 1:05X}", refresh=n % 2 == 0),
                Touch(dawn + 21_600 + 900 * n, f"CEN{32 + n:05X}"),
            ]
        incidents.append(Restart(base.sites[day % len(base.sites)].code, dawn + 43_200))
    return replace(
        base,
        name=f"busy for {days} days",
        duration=timedelta(days=days),
        changes=tuple(changes),
        incidents=tuple(incidents),
        max_log_bytes=max_log_bytes,
    )


def crowded_day() -> Plan:
    """Return a day of many packages in a tree of five generations, of both ages mixed, in which nothing goes wrong."""
    old, new = Era.CM2007, Era.CM2012
    tree = (
        ("CEN", None, old),
        ("CHI", "CEN", old),
        ("MUC", "CEN", new),
        ("DEN", "CHI", new),
        ("NYC", "CHI", old),
        ("BER", "MUC", old),
        ("ABQ", "DEN", old),
        ("SAF", "ABQ", old),
    )
    sites = tuple(Site(code, parent, era=era) for code, parent, era in tree)
    below = tuple(code for code, parent, _ in tree if parent)
    packages = [
        Package(f"CEN{n:05X}", f"Package {n}", ("Install",), rf"\\FILES01\P{n}", 40 * n, (), below[n % 8 :])
        for n in range(1, 61)
    ]
    sequences = [
        Package(
            f"CEN{0x400 + n:05X}",
            f"Deploy {n}",
            references=tuple(Reference(package.id, "Install") for package in packages[n : n + 5]),
        )
        for n in range(40)
    ]
    changes: list[Change] = [Create(120 * n, package) for n, package in enumerate(packages)]
    changes += [Create(14_400 + 120 * n, sequence) for n, sequence in enumerate(sequences)]
    changes += [Touch(21_600 + 180 * n, package.id, refresh=n % 3 == 0) for n, package in enumerate(packages)]
    changes += [Touch(36_000 + 180 * n, sequence.id) for n, sequence in enumerate(sequences)]
    start = healthy_plan().start
    return Plan("crowded", sites, start, timedelta(days=1), changes=tuple(changes), noise=0.3)
