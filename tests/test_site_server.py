"""What is made of the registry of a site server, whatever stands in it."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.windows.site_server import SiteServer, find_site_server, what_logs_lack

SMS = r"SOFTWARE\Microsoft\SMS"
COMPONENTS = {"SMS_DISTRIBUTION_MANAGER", "SMS_DESPOOLER"}
Keys = Mapping[str, Mapping[str, str | int]]


class Written:
    """A registry as it was written down; names of keys and values are told apart by case, as Windows does not."""

    def __init__(self, keys: Keys, view: int = 64) -> None:
        self._keys = {
            key.lower(): {name.lower(): value for name, value in values.items()} for key, values in keys.items()
        }
        self._view = view

    def value(self, key: str, name: str, view: int) -> str | int | None:
        return self._keys.get(key.lower(), {}).get(name.lower()) if view == self._view else None

    def subkeys(self, key: str, view: int) -> Sequence[str]:
        start = f"{key.lower()}\\"
        inner = [name.removeprefix(start).upper() for name in self._keys if name.startswith(start)]
        return inner if view == self._view else []


def identified(**more: Mapping[str, str | int]) -> Keys:
    return {
        rf"{SMS}\Identification": {"Site Code": "CHI", "Installation Directory": r"D:\Program Files\ConfigMgr"},
        **more,
    }


def lacking(registry: Written) -> list[str]:
    server = find_site_server(registry)
    assert server
    return list(what_logs_lack(registry, server, COMPONENTS))


def test_current_branch() -> None:
    server = find_site_server(Written(identified()))
    assert server == SiteServer("CHI", r"D:\Program Files\ConfigMgr\Logs", 64)
    assert server.argument == r"CHI=D:\Program Files\ConfigMgr\Logs"


def test_product_of_32_bits_on_a_windows_of_64() -> None:
    keys = {
        rf"{SMS}\Identification": {"Site Code": "chi"},
        rf"{SMS}\Setup": {"Installation Directory": "C:\\SMS\\"},
    }
    server = find_site_server(Written(keys, view=32))
    assert server
    assert server.argument == r"CHI=C:\SMS\Logs"


def test_site_code_that_is_none() -> None:
    keys = {rf"{SMS}\Identification": {"Site Code": "", "Installation Directory": r"D:\SMS"}}
    server = find_site_server(Written(keys))
    assert server
    assert server.argument == r"D:\SMS\Logs"  # the logs themselves will tell


@pytest.mark.parametrize(
    "keys",
    [
        {},
        # A distribution point or a client has keys of the product, too, but no site server's folder.
        {rf"{SMS}\DP": {"SiteCode": "CHI"}, rf"{SMS}\Mobile Client": {"AssignedSiteCode": "CHI"}},
        {rf"{SMS}\Identification": {"Site Code": "CHI", "Installation Directory": "  "}},
        {rf"{SMS}\Identification": {"Site Code": "CHI", "Installation Directory": 7}},
    ],
)
def test_computer_that_is_no_site_server(keys: Keys) -> None:
    assert find_site_server(Written(keys)) is None


@given(
    code=st.none() | st.integers() | st.text(),
    directory=st.none() | st.integers() | st.text(),
)
def test_any_values(code: str | int | None, directory: str | int | None) -> None:
    values = {
        name: value for name, value in (("Site Code", code), ("Installation Directory", directory)) if value is not None
    }
    server = find_site_server(Written({rf"{SMS}\Identification": values}))
    if server is not None:
        assert isinstance(directory, str)
        assert server.code == "" or (len(server.code) == 3 and server.code.isascii() and server.code.isalnum())
        assert server.logs.endswith("Logs")


def test_all_is_written_by_default() -> None:
    usual: Mapping[str, str | int] = {
        "LoggingLevel": 1,
        "TraceFilename": r"d:\program files\configmgr\Logs\distmgr.log",
    }
    assert lacking(Written(identified(**{rf"{SMS}\Tracing\SMS_DISTRIBUTION_MANAGER": usual}))) == []


@pytest.mark.parametrize(("level", "words"), [(2, "only warnings and errors"), (3, "only errors")])
def test_level_that_hides_what_is_needed(level: int, words: str) -> None:
    hiding: Mapping[str, str | int] = {"LoggingLevel": level}
    (problem,) = lacking(Written(identified(**{rf"{SMS}\Tracing\SMS_DESPOOLER": hiding})))
    assert problem.startswith(f"SMS_DESPOOLER writes {words}")
    assert rf"HKEY_LOCAL_MACHINE\{SMS}\Tracing\SMS_DESPOOLER to 1" in problem


def test_component_that_matters_to_nobody_here() -> None:
    hiding: Mapping[str, str | int] = {"LoggingLevel": 3, "TraceFilename": r"E:\odd\smsdbmon.log"}
    assert lacking(Written(identified(**{rf"{SMS}\Tracing\SMS_DATABASE_NOTIFICATION_MONITOR": hiding}))) == []


def test_log_that_is_written_elsewhere() -> None:
    moved: Mapping[str, str | int] = {"TraceFilename": r"E:\Traces\distmgr.log"}
    (problem,) = lacking(Written(identified(**{rf"{SMS}\Tracing\SMS_DISTRIBUTION_MANAGER": moved})))
    assert problem.startswith(r"SMS_DISTRIBUTION_MANAGER writes to E:\Traces\distmgr.log, outside")
