"""Ready plans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from exporter.simulator.hierarchy import Package, Reference, Site
from exporter.simulator.plan import BadSource, Create, Plan, Touch

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
