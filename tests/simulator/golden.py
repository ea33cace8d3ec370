"""Small worlds whose logs stand as files under tests/fixtures/simulator, read by a person.

Run `python -m tests.simulator.golden` to write them anew after a change of the simulator, and read them again.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.simulator.hierarchy import Era, Package, Reference, Site
from exporter.simulator.plan import BadSource, Create, Plan
from exporter.simulator.run import run_batch

FOLDER = Path(__file__).parents[1] / "fixtures" / "simulator"
_SITES = (Site("CEN", None, "Eastern Standard Time"), Site("CHI", "CEN", "Central Standard Time"))
_DRIVERS = Package("CEN00012", "Büro drivers", ("Install - all",), r"\\FILES01\Drivers", 40, (), ("CHI",))
_LAPTOPS = Package("CEN00021", "Deploy laptops", references=(Reference("CEN00012", "Install - all"),))


def golden_plans() -> dict[str, Plan]:
    """Return the plans by the name of their folder: one story in both eras."""
    old = Plan(
        name="2007",
        sites=_SITES,
        start=datetime(2010, 3, 4, 15, 0, tzinfo=UTC),
        duration=timedelta(minutes=90),
        changes=(Create(60, _DRIVERS), Create(600, _LAPTOPS)),
        incidents=(BadSource("CEN00012", 0, 3600),),
        noise=0.0,
    )
    new = tuple(replace(site, era=Era.CM2012, install_dir=r"E:\ConfigMgr") for site in _SITES)
    return {"2007": old, "2012": replace(old, name="2012", sites=new, start=datetime(2016, 5, 16, 14, 0, tzinfo=UTC))}


def written(plan: Plan, folder: Path) -> dict[str, str]:
    """Run a plan and return its logs by name, without carriage returns."""
    run_batch(folder, plan)
    logs = sorted(folder.rglob("*.log"))
    return {f"{path.parts[-3]}-{path.name}": path.read_bytes().decode("cp1252").replace("\r\n", "\n") for path in logs}


def _renew() -> None:
    for name, plan in golden_plans().items():
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
        for old in (FOLDER / name).iterdir():
            old.unlink()
        with TemporaryDirectory() as folder:
            for log, text in written(plan, Path(folder)).items():
                (FOLDER / name / log).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _renew()
