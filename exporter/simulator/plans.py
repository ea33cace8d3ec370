"""Ready plans: the demo, and a healthy hierarchy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from exporter.simulator.hierarchy import Era, Form, Package, Reference, Site
from exporter.simulator.plan import BadSource, Change, Create, Plan, Touch

DEMO_START = datetime(2010, 3, 4, 13, 0, tzinfo=UTC)
_HOUR = 3600


def demo_plan(start: datetime = DEMO_START, seed: int = 1, *, mended: bool = True) -> Plan:
    """Return the story of one bad source path, six hours long.

    The central site creates a driver package whose source folder it may not read. Three task sequences that run it
    are blocked at every child primary; the others go through. After five hours the permission is mended, the package
    goes out, and the children let the task sequences in. With `mended=False` nobody mends it.
    """
    sites = (
        Site("CEN", None, "Eastern Standard Time"),
        Site("CHI", "CEN", "Central Standard Time"),
        Site("NYC", "CEN", "Eastern Standard Time"),
        Site("LON", "CEN", "GMT Standard Time", sql_trace=True),
        Site("PAR", "LON", "W. Europe Standard Time"),
        Site("DEN", "CHI", "Mountain Standard Time"),
    )
    everywhere = tuple(site.code for site in sites[1:])
    client = Package("CEN00001", "ConfigMgr Client", ("Install",), r"\\CENSITE\Source\Client", 48_200, (), everywhere)
    image = Package("CEN00004", "Windows 7 Enterprise", ("*",), r"\\CENSITE\Source\Images\W7", 2_411_520)
    tools = Package(
        "CEN0000A", 'Imaging tools "x86" [beta]', ("Run ImageX - silent",), r"\\CENSITE\Source\Tools", 9_100
    )
    drivers = Package("CEN00012", "Laptop drivers", ("Install drivers",), r"\\FILES01\Drivers\Laptops", 310_000)
    printers = Package("CEN00013", "Büro Drucker", ("Setup Drucker",), r"\\FILES01\Drivers\Printers", 22_000)
    local = Package("CHI00003", "Chicago VPN", ("Install VPN",), r"\\CHISITE\Source\VPN", 15_300, (), ("DEN",))
    run_client, run_tools = Reference("CEN00001", "Install"), Reference("CEN0000A", "Run ImageX - silent")
    run_drivers = Reference("CEN00012", "Install drivers")
    run_printers = Reference("CEN00013", "Setup Drucker")
    desktops = Package("CEN00020", "Deploy Windows 7 to desktops", references=(run_client, run_tools))
    laptops = Package("CEN00021", "Deploy Windows 7 to laptops", references=(run_client, run_tools, run_drivers))
    refresh = Package("CEN00022", "Refresh laptops", references=(run_drivers,))
    kiosks = Package("CEN00023", "Büro kiosks", references=(run_printers, run_drivers))
    return Plan(
        name="demo",
        sites=sites,
        start=start,
        duration=timedelta(hours=6),
        standing=(client, image, tools),
        changes=(
            Create(300, printers),
            Create(600, drivers),
            Create(1200, local),
            Create(3600, desktops),
            Create(3900, laptops),
            Create(4500, refresh),
            Create(5400, kiosks),
            Touch(9000, "CEN00020"),
            Touch(10800, "CEN00021"),
        ),
        incidents=(BadSource("CEN00012", 0, (5 if mended else 100) * _HOUR, win32_error=5),),
        seed=seed,
    )


def healthy_plan(start: datetime = DEMO_START, seed: int = 1) -> Plan:
    """Return eight busy hours in which nothing goes wrong: from the seventh on, nothing is left to be explained.

    Packages and task sequences are created and changed, content travels, sites of both eras take part. A definition
    that is here before its content waits for it a while, as it does in every healthy hierarchy.
    """
    sites = (
        Site("CEN", None, "Eastern Standard Time"),
        Site("CHI", "CEN", "Central Standard Time"),
        Site("MUC", "CEN", "W. Europe Standard Time", form=Form.CCM),
        Site("DEN", "CHI", "Mountain Standard Time", sql_trace=True),
        Site("SYD", "CEN", "AUS Eastern Standard Time", Era.CM2012, r"E:\ConfigMgr"),
    )
    below = tuple(site.code for site in sites[1:])
    packages = [
        Package(
            f"CEN{n:05X}", f"Package {n}", ("Install", "Remove"), rf"\\FILES01\Source\P{n}", 900 * n, (), below[: n % 5]
        )
        for n in range(1, 13)
    ]
    sequences = [
        Package(
            f"CEN{32 + n:05X}", f"Deploy {n}", references=tuple(Reference(p.id, "Install") for p in packages[n : n + 4])
        )
        for n in range(8)
    ]
    changes: list[Change] = [Create(300 + 200 * n, package) for n, package in enumerate(packages)]
    changes += [Create(6000 + 240 * n, sequence) for n, sequence in enumerate(sequences)]
    changes += [Touch(9000 + 300 * n, package.id, refresh=n % 2 == 0) for n, package in enumerate(packages)]
    changes += [Touch(13_000 + 300 * n, sequence.id) for n, sequence in enumerate(sequences)]
    return Plan("healthy", sites, start, timedelta(hours=8), changes=tuple(changes), seed=seed)
