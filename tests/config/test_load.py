import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.load import ConfigError, load_config
from exporter.config.schema import Config, Site
from exporter.events.user import UserTemplate

FULL = r"""
defaults:
  zone: Eastern Standard Time
  code_page: cp1250
  poll_interval: 500ms
sites:
  - site: CEN
    logs: C:\Program Files\Microsoft Configuration Manager\Logs
  - site: chi
    logs: \\chi01\SMS_CHI\Logs
    parent: cen
    zone: America/Chicago
    code_page: cp1252
    poll_interval: 1m30s
  - logs: copies/mil
  - logs: smb://mil01/SMS_MIL/Logs
state_dir: state
inventory: packages.csv
web:
  telemetry_path: /configmgr/metrics
  external_url: https://monitoring.example/configmgr/
limits:
  series_per_family: 500
  families:
    configmgr_package_info: 20000
"""

ESCAPE = (
    r":7:5: sites[0].logs: 'D:\temp' holds a control character: a backslash in double quotes is an escape, "
    r"so write a path like D:\temp\Logs in single quotes or without any"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "packages.csv").write_text("Package ID,Name\nCEN0000E,Office 2007\n", encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str) -> Config:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [str(problem).removeprefix(f"{folder / 'c.yaml'}") for problem in caught.value.problems]


def winter_offset(site: Site) -> timedelta | None:
    return None if site.zone is None else site.zone.utcoffset(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_every_key(folder: Path) -> None:
    config = load(folder, FULL)
    cen, chi, mil, share = config.sites
    assert (cen.site, cen.logs, cen.parent) == ("CEN", r"C:\Program Files\Microsoft Configuration Manager\Logs", None)
    assert (chi.site, chi.logs, chi.parent) == ("CHI", r"\\chi01\SMS_CHI\Logs", "CEN")
    assert (mil.site, mil.logs) == (None, str(folder / "copies" / "mil"))
    assert share.logs == "smb://mil01/SMS_MIL/Logs"
    assert config.state_dir == folder / "state"
    assert config.inventory == {"CEN0000E": "Office 2007"}
    assert config.web.telemetry_path == "/configmgr/metrics"
    assert config.web.external_url == "https://monitoring.example/configmgr"
    assert config.limits.budgets["configmgr_package_info"] == 20000
    assert config.limits.budgets["configmgr_package_waiting"] == 500


def test_sites_take_what_they_do_not_say_from_the_defaults(folder: Path) -> None:
    cen, chi, *_ = load(folder, FULL).sites
    assert (winter_offset(cen), cen.code_page, cen.poll_interval) == (timedelta(hours=-5), "cp1250", 0.5)
    assert (winter_offset(chi), chi.code_page, chi.poll_interval) == (timedelta(hours=-6), "cp1252", 90.0)


@pytest.mark.parametrize("text", ["", "# all commented out\n", "sites:\nweb:\n  telemetry_path:\n"])
def test_nothing_said_is_the_default(folder: Path, text: str) -> None:
    assert load(folder, text) == Config()


def test_site_named_on_the_command_line_needs_no_file() -> None:
    site = Site(site="chi", logs="Logs")
    assert (site.site, site.logs) == ("CHI", os.path.join(os.getcwd(), "Logs"))  # noqa: PTH109, PTH118 - as text
    assert (site.zone, site.code_page, site.poll_interval) == (None, "cp1252", 0.5)


def test_site_codes_that_yaml_takes_for_something_else(folder: Path) -> None:
    text = "sites:\n" + "".join(f"  - {{site: {code}, logs: {code}}}\n" for code in ("010", "OFF", "yes", "1E5", "123"))
    assert [site.site for site in load(folder, text).sites] == ["010", "OFF", "YES", "1E5", "123"]


def test_folder_may_be_named_in_utf16_by_a_windows_editor(folder: Path) -> None:
    path = folder / "c.yaml"
    path.write_text("sites:\r\n  - logs: Zürich\r\n", encoding="utf-16")
    assert load_config(path).sites[0].logs == str(folder / "Zürich")


def test_all_faults_are_told_at_once_in_the_order_of_the_file(folder: Path) -> None:
    text = r"""sitess: 3
defaults:
  zone: Estern Standard Time
  poll_interval: 15
sites:
  - site: CHIC
    logs: "D:\temp"
    zon: UTC
  - site: chi
    logs: D:\SMS\Logs
    zone: UTC
    zone: Etc/UTC
  - site: CHI
    logs: d:/sms/logs/
  - site: CEN
    parent: CHI
    code_page: cp9999
web: {telemetry_path: metrics}
limits:
  series_per_family: many
inventory: nix.csv
"""
    assert faults(folder, text) == [
        ":1:1: sitess: unknown key; did you mean 'sites'?",
        ":3:3: defaults.zone: unknown time zone 'Estern Standard Time'; did you mean 'Eastern Standard Time'?",
        ":4:3: defaults.poll_interval: '15' is no duration: write a number and a unit, such as 500ms, 15s, 1m or 1h30m",
        ":6:5: sites[0].site: 'CHIC' is no site code: three letters or digits, such as CHI",
        ESCAPE,
        ":8:5: sites[0].zon: unknown key; did you mean 'zone'?",
        ":12:5: sites[1].zone: the key stands here twice: first in line 11",
        ":13:5: sites[2].site: CHI stands in line 9 already: one site has one entry and one folder",
        ":14:5: sites[2].logs: d:/sms/logs/ stands in line 10 already: one site has one entry and one folder",
        ":15:5: sites[3].logs: this key is needed",
        ":17:5: sites[3].code_page: unknown code page: 'cp9999'",
        ":18:7: web.telemetry_path: 'metrics' cannot be used: write a path such as /metrics, not below /-/ or /api/",
        ":20:3: limits.series_per_family: must be a whole number, not 'many'",
        f":21:1: inventory: {folder / 'nix.csv'}: cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- a\n", ":1:1: must hold lines `key: value`"),
        ("sites: CHI\n", ":1:1: sites: must be a list: lines that begin with `- `, not 'CHI'"),
        ("sites:\n  - CHI\n", ":2:5: sites[0]: must hold lines `key: value`, not 'CHI'"),
        ("sites:\n  -\n", ":2:4: sites[0]: must hold lines `key: value`"),
        ("sites:\n  - logs: [a]\n", ":2:5: sites[0].logs: must be text"),
        ("sites:\n  - logs:\n", ":2:5: sites[0].logs: this key is needed"),
        ("sites: [{logs: a, zone: {}}]\n", ":1:19: sites[0].zone: must be text"),
        ("sites: [{logs: a, site: []}]\n", ":1:19: sites[0].site: must be text"),
        ("defaults: {poll_interval: [1s]}\n", ":1:12: defaults.poll_interval: must be text such as 15s"),
        ("defaults: {poll_interval: 10ms}\n", ":1:12: defaults.poll_interval: must lie between 50ms and 1h"),
        ("defaults: {poll_interval: 2h}\n", ":1:12: defaults.poll_interval: must lie between 50ms and 1h"),
        (
            "defaults: {code_page: cp037}\n",
            ":1:12: defaults.code_page: code page 'cp037' does not hold ASCII as itself",
        ),
        ("state_dir: [a]\n", ":1:1: state_dir: must be text"),
        ("inventory: {}\n", ":1:1: inventory: must be the path of a file"),
        ("limits: {series_per_family: 0}\n", ":1:10: limits.series_per_family: must be at least 1, not '0'"),
        ("limits: {families: 3}\n", ":1:10: limits.families: must hold lines `key: value`, not '3'"),
        (
            "limits: {families: {configmgr_package_inf: 5}}\n",
            ":1:21: limits.families.configmgr_package_inf: 'configmgr_package_inf' is no family whose size can",
        ),
        (
            "limits: {families: {up: 5}}\n",
            ":1:21: limits.families.up: 'up' is no family whose size can be limited: see the families of docs/",
        ),
        ("qqqq: 1\n", ":1:1: qqqq: unknown key: known here are sites, defaults, state_dir, inventory, "),
        (
            "limits: {families: {configmgr_package_info: x}, zzz: 1}\n",
            ":1:21: limits.families.configmgr_package_info: ",
        ),
        ("sites: [{logs: 'http://chi01/Logs'}]\n", ":1:10: sites[0].logs: 'http://chi01/Logs': of URLs only smb://"),
        ("sites: [{logs: 'smb://chi01'}]\n", ":1:10: sites[0].logs: 'smb://chi01': write the server and the share, "),
        ("sites: [{logs: 'smb://a:s3cret@chi01/x'}]\n", ":1:10: sites[0].logs: a password must not stand in a URL, "),
        ("sites: [{logs: 'smb://[chi01/x'}]\n", ":1:10: sites[0].logs: "),
        ("web: {telemetry_path: /-/metrics}\n", ":1:7: web.telemetry_path: '/-/metrics' cannot be used: "),
        ("web: {external_url: monitoring}\n", ":1:7: web.external_url: 'monitoring' is no address of a page: "),
        ("web: {external_url: 'http://[::1'}\n", ":1:7: web.external_url: "),
        ("a: [1\n", ":2:1: "),
    ],
)
def test_one_fault(folder: Path, text: str, fault: str) -> None:
    assert [told[: len(fault)] for told in faults(folder, text)][:1] == [fault]


def test_fault_without_a_hint_says_what_may_be_written(folder: Path) -> None:
    (told,) = faults(folder, "defaults: {zone: Qqqqqqqqqqqqqq}\n")
    assert "write a Windows name such as Eastern Standard Time, or an IANA name such as America/New_York" in told


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/localtime", "America", "posixrules/x", "."])
def test_zone_is_a_name_and_no_path(folder: Path, zone: str) -> None:
    assert faults(folder, f"defaults: {{zone: {zone}}}\n")[0].startswith(
        f":1:12: defaults.zone: unknown time zone {zone!r}"
    )


def test_parents_in_a_circle_are_told_once(folder: Path) -> None:
    text = """sites:
  - {site: CHI, logs: a, parent: MIL}
  - {site: MIL, logs: b, parent: DET}
  - {site: det, logs: c, parent: chi}
  - {site: KC1, logs: d, parent: DET}
"""
    assert faults(folder, text) == [":2:26: sites[0].parent: the parents form a circle: CHI -> MIL -> DET -> CHI"]


def test_site_cannot_be_its_own_parent(folder: Path) -> None:
    text = "sites:\n  - {site: CHI, logs: a, parent: chi}\n"
    assert faults(folder, text) == [":2:26: sites[0].parent: the parents form a circle: CHI -> CHI"]


def test_parent_may_be_a_site_that_is_not_read_here(folder: Path) -> None:
    assert load(folder, "sites:\n  - {site: CHI, logs: a, parent: CEN}\n").sites[0].parent == "CEN"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Logs", "./Logs/"),
        (r"D:\SMS\Logs", "d:/sms/LOGS"),
        (r"\\chi01\SMS_CHI\Logs", "//CHI01/SMS_CHI/Logs/"),
        ("smb://chi01/SMS_CHI/Logs", "smb://CHI01/sms_chi/logs/"),
    ],
)
def test_same_folder_written_in_two_ways(folder: Path, first: str, second: str) -> None:
    (told,) = faults(folder, f"sites:\n  - logs: {first}\n  - logs: {second}\n")
    assert told == f":3:5: sites[1].logs: {second} stands in line 2 already: one site has one entry and one folder"


def test_faults_of_the_inventory_stand_in_the_inventory(folder: Path) -> None:
    (folder / "packages.csv").write_text("ID,Name\nCEN1,Word\nCEN2,Excel\n", encoding="utf-8")
    told = faults(folder, "inventory: packages.csv\nweb: {telemetry_path: x}\n")
    assert [line.partition(" ")[0] for line in told] == [
        ":2:7:",
        f"{folder / 'packages.csv'}:2:1:",
        f"{folder / 'packages.csv'}:3:1:",
    ]


def test_template_becomes_one_of_the_catalogue(folder: Path) -> None:
    text = r"""templates:
  - name: backup_failed
    text: Backup of {path:file} failed, error = {int:error}
    log: SMSbkup
    component: SMS_SITE_BACKUP
    kind: error
  - name: paused
    pattern: (?i)paused (?P<what>\w+)
"""
    backup, paused = load(folder, text).templates
    assert backup.source == UserTemplate(
        "backup_failed", "Backup of {path:file} failed, error = {int:error}", "", "smsbkup", "SMS_SITE_BACKUP", "error"
    )
    assert paused.source == UserTemplate("paused", pattern=r"(?i)paused (?P<what>\w+)")


def test_faults_of_templates(folder: Path) -> None:
    text = r"""templates:
  - name: twice
    text: Backup of {file} failed
  - name: twice
    pattern: Backup (of
  - name: neither
  - name: both
    text: Backup failed
    pattern: Backup
  - name: Big Name
    text: Backup failed
  - name: suffix
    text: Backup failed
    log: distmgr.log
"""
    told = faults(folder, text)
    assert [":".join(line.split(":")[:4]) for line in told] == [
        ":2:5: templates[0]",
        ":4:5: templates[1].name",
        ":4:5: templates[1]",
        ":6:5: templates[2]",
        ":7:5: templates[3]",
        ":10:5: templates[4]",
        ":14:5: templates[5].log",
    ]


def test_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/cm")
    monkeypatch.setenv("USERPROFILE", "/home/cm")
    assert load(folder, "state_dir: ~/state\n").state_dir == Path("/home/cm/state")


def test_relative_paths_start_from_the_file_wherever_it_is_read_from(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "c.yaml").write_text("state_dir: state\nsites: [{logs: Logs}]\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    config = load_config(Path("c.yaml"))
    assert config.state_dir == folder / "state"
    assert config.sites[0].logs == str(folder / "Logs")


def test_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load_config(folder / "nix.yaml")


def test_folder_instead_of_a_file(folder: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: "):
        load_config(folder)


_KEYS = st.sampled_from(["sites", "defaults", "site", "logs", "parent", "zone", "poll_interval", "web", "limits", "x"])
_FLOW = st.recursive(
    st.sampled_from(["", "CHI", "1s", "UTC", "'a b'", "0"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(item or 'null' for item in items)}]")
        | st.dictionaries(_KEYS, inner, max_size=4).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
        )
    ),
    max_leaves=12,
)


@given(text=_FLOW | st.text(max_size=40))
def test_any_file_is_a_configuration_or_a_list_of_placed_faults(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(text.encode())
    try:
        load_config(path)
    except ConfigError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.message and problem.file == str(path) for problem in problems)
