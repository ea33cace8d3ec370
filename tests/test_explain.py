"""What `explain` leaves out when asked for less, the names it is given, and how far it says a package has come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from exporter.cli import cli
from exporter.simulator import run_batch, scenario_plan
from tests.lines import applied, line


@pytest.fixture(scope="module")
def two_missing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task sequence that lacks one package at CHI and LON, at CEN another whose source cannot be read either."""
    return world(tmp_path_factory.mktemp("two"), "two_missing_references")


def world(folder: Path, scenario: str) -> Path:
    run_batch(folder, scenario_plan(scenario))
    return folder


def run(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *options, str(folder)])


def problem(folder: Path, *options: str) -> str:
    """Give what the command says when it cannot be done; the status, 2, is `main`'s."""
    with pytest.raises(click.ClickException) as raised:
        cli.main(["explain", *options, str(folder)], standalone_mode=False)
    return raised.value.format_message()


def told(folder: Path, *options: str) -> tuple[int, Any]:
    result = run(folder, "--json", *options)
    return result.exit_code, json.loads(result.stdout)


def culprits(answer: Any) -> list[tuple[str, list[str]]]:
    return [(culprit["package"], culprit["sites"]) for culprit in answer["culprits"]]


def unreadable(answer: Any) -> list[str]:
    return [error["package"] for site in answer["sites"].values() for error in site["source_errors"]]


def test_everything_is_told_when_nothing_is_left_out(two_missing: Path) -> None:
    status, answer = told(two_missing)
    assert status == 1
    assert answer["sites"].keys() == {"CEN", "CHI", "LON", "DEN"}
    assert culprits(answer) == [("CEN0000A", ["CHI", "LON"])]
    assert unreadable(answer) == ["CEN0000A", "CEN00012"]


def test_one_site_shows_what_is_stuck_there_with_its_cause_elsewhere(two_missing: Path) -> None:
    status, answer = told(two_missing, "--site", "chi")
    assert status == 1
    assert answer["sites"].keys() == {"CHI"}
    assert culprits(answer) == [("CEN0000A", ["CHI"])]
    assert answer["culprits"][0]["cause"]["site"] == "CEN"
    assert answer["culprits"][0]["cause"]["kind"] == "source_path_inaccessible"


def test_a_site_with_nothing_stuck_is_well_though_others_are_not(two_missing: Path) -> None:
    status, answer = told(two_missing, "--site", "DEN")
    assert (status, culprits(answer)) == (0, [])


def test_several_sites(two_missing: Path) -> None:
    _, answer = told(two_missing, "--site", "CHI", "--site", "LON")
    assert answer["sites"].keys() == {"CHI", "LON"}
    assert culprits(answer) == [("CEN0000A", ["CHI", "LON"])]


def test_a_site_that_is_not_read_is_an_error(two_missing: Path) -> None:
    assert "no logs of XYZ are among those named" in problem(two_missing, "--site", "XYZ")


@pytest.mark.parametrize("package", ["CEN0000A", "cen0000a"])
def test_one_package_shows_what_it_blocks(two_missing: Path, package: str) -> None:
    status, answer = told(two_missing, "--package", package)
    assert status == 1
    assert culprits(answer) == [("CEN0000A", ["CHI", "LON"])]
    assert unreadable(answer) == ["CEN0000A"]


def test_a_task_sequence_shows_what_it_lacks(two_missing: Path) -> None:
    status, answer = told(two_missing, "--package", "CEN00021")
    assert status == 1
    assert culprits(answer) == [("CEN0000A", ["CHI", "LON"])]
    assert unreadable(answer) == []


def test_another_package_is_left_out(two_missing: Path) -> None:
    status, answer = told(two_missing, "--package", "CEN00012")
    assert (status, culprits(answer), unreadable(answer)) == (1, [], ["CEN00012"])


def test_a_package_with_no_trouble(two_missing: Path) -> None:
    status, answer = told(two_missing, "--package", "CEN00099")
    assert (status, culprits(answer), unreadable(answer)) == (0, [], [])


def test_what_was_last_seen_before_a_time_is_left_out(two_missing: Path) -> None:
    _, before = told(two_missing)
    times = {code: block["last_attempt"] for code, site in before["sites"].items() for block in site["blocked"]}
    assert times == {"CHI": "2010-03-04T13:30:55.893Z", "LON": "2010-03-04T13:30:48.734Z"}
    status, later = told(two_missing, "--since", "2010-03-04 13:30:50")
    assert (status, culprits(later), unreadable(later)) == (1, [("CEN0000A", ["CHI"])], [])
    # A source that was last seen unreadable before that time is still the cause of what is stuck since.
    assert later["culprits"][0]["cause"]["kind"] == "source_path_inaccessible"
    status, after = told(two_missing, "--since", "2010-03-04T14:00:00")
    assert (status, culprits(after), unreadable(after)) == (0, [], [])
    assert before["doubts"] == []
    assert after["doubts"] == [
        (
            "4 things are left out that nothing has ended, last seen before the time asked for: "
            "2010-03-04 13:30:55 UTC at the latest."
        )
    ]
    _, of_one = told(two_missing, "--since", "2010-03-04T14:00:00", "--site", "LON", "--package", "CEN0000A")
    assert of_one["doubts"] == [
        (
            "1 thing is left out that nothing has ended, last seen before the time asked for: "
            "2010-03-04 13:30:48 UTC at the latest."
        )
    ]


@pytest.mark.parametrize(
    "moment", ["2010-03-04T13:30:50Z", "2010-03-04T08:30:50.000-05:00", "2010-03-04 13:30:50", "20100304T133050"]
)
def test_a_time_may_tell_its_zone_and_is_in_utc_without(two_missing: Path, moment: str) -> None:
    _, answer = told(two_missing, "--since", moment)
    assert culprits(answer) == [("CEN0000A", ["CHI"])]


@pytest.mark.parametrize("moment", ["yesterday", "2", "2 d", "9999999d", "13:30", "2010-13-01", ""])
def test_a_time_that_cannot_be_read_is_an_error(two_missing: Path, moment: str) -> None:
    said = problem(two_missing, "--since", moment)
    assert f"{moment!r} is no date or time: write 2010-03-04" in said
    assert "without a zone it is UTC" in said
    assert "90m, 12h or 7d" in said


def test_a_time_may_be_told_by_how_long_ago_it_was(two_missing: Path) -> None:
    status, answer = told(two_missing, "--since", "7d")
    assert (status, culprits(answer)) == (0, []), "the incident is of 2010"
    _, answer = told(two_missing, "--since", "300000d")
    assert culprits(answer) == culprits(told(two_missing)[1])


def test_a_package_that_no_line_names_may_be_mistyped(two_missing: Path) -> None:
    _, answer = told(two_missing, "--package", "CEN0000B")
    assert answer["doubts"] == ["No message that was understood names package CEN0000B: is that its ID?"]
    _, answer = told(two_missing, "--package", "cen0000a", "--package", "CEN00021")
    assert answer["doubts"] == []


def test_nothing_of_what_was_asked_for_is_not_nothing_at_all(two_missing: Path) -> None:
    result = run(two_missing, "--package", "CEN00099")
    assert "Nothing of what was asked for is stuck in what was read." in result.output


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names.csv", "Package ID,Name\ncen0000a,Imaging tools\nCEN00021,Laptops\n"),
        ("names.yaml", "CEN0000A: Imaging tools\nCEN00021: Laptops\n"),
    ],
)
def test_names_of_an_inventory_go_before_those_of_the_logs(
    two_missing: Path, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    _, answer = told(two_missing, "--inventory", str(tmp_path / name))
    (culprit,) = answer["culprits"]
    assert culprit["name"] == "Imaging tools"
    assert 'package CEN0000A ("Imaging tools")' in culprit["remedy"][0]
    assert answer["sites"]["CHI"]["blocked"][0]["name"] == "Laptops"
    shown = run(two_missing, "--inventory", str(tmp_path / name)).stdout
    assert 'CEN0000A "Imaging tools"' in shown
    assert 'CEN00021 "Laptops"' in shown


def test_an_inventory_that_is_wrong_is_an_error(two_missing: Path, tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("Laptops: CEN00021\n", encoding="utf-8")
    assert "names.yaml:1:1: 'Laptops' is no package ID" in problem(
        two_missing, "--inventory", str(tmp_path / "names.yaml")
    )


def versions(folder: Path) -> list[str]:
    lines = run(folder).stdout.splitlines()
    return [line.split(maxsplit=1)[1].strip() for line in lines if line.startswith("   version ")]


def test_how_far_a_new_version_has_come(tmp_path: Path) -> None:
    assert versions(world(tmp_path, "lost_without_a_line")) == [
        "2 on CEN, and on 1 of 3 other sites; not yet on CHI, DEN"
    ]


def test_a_site_that_tells_no_version_is_not_said_to_lack_it(tmp_path: Path) -> None:
    assert versions(world(tmp_path, "sender_cut_off")) == ["1 on CEN, and on 1 other site; no line tells of CHI"]


def test_no_version_is_shown_where_the_owner_told_none(two_missing: Path) -> None:
    assert versions(two_missing) == []


def test_names_are_shown_as_they_are(two_missing: Path, tmp_path: Path) -> None:
    """To the library that prints tables, brackets may be markup and colons pictures."""
    (tmp_path / "names.yaml").write_text("CEN0000A: 'Tools [x86] :cd: [/]'\n", encoding="utf-8")
    shown = run(two_missing, "--inventory", str(tmp_path / "names.yaml")).stdout
    assert " ".join(shown.split()).count("Tools [x86] :cd: [/]") >= 2


def test_what_keeps_late_content_away_is_told(tmp_path: Path) -> None:
    status, answer = told(world(tmp_path, "site_not_active_2012"))
    (waiting,) = answer["sites"]["CHI"]["waiting"]
    assert (status, waiting["cause"]["kind"], waiting["cause"]["site"]) == (1, "never_sent", "CEN")
    assert waiting["cause"]["evidence"][0]["text"] == "CHI is not an active site, ignore it"
    shown = CliRunner().invoke(cli, ["explain", str(tmp_path)], env={"COLUMNS": "200"}).stdout
    assert "CEN did not send CEN00012 to CHI: it was not an active site there" in shown


def test_a_site_that_is_put_aside_is_told_though_nothing_is_stuck(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(applied("CEN00021"))
    (tmp_path / "sender.log").write_bytes(
        line(r"Error during WNetAddConnection2 to \\CHISITE\SMS_SITE (53).", component="SMS_LAN_SENDER")
        + line(
            r"Cannot connect to server \\CHISITE at remote site CHI, won't try send requests going to site CHI for an "
            "hour or until there are no active send requests.",
            component="SMS_LAN_SENDER",
        )
    )
    result = CliRunner().invoke(cli, ["explain", f"CEN={tmp_path}"], env={"COLUMNS": "200"})
    shown = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "But not all that is sent gets on" in shown
    assert "the sender leaves the site alone for an hour" in shown


def test_what_holds_files_up_is_left_out_as_the_rest_is(tmp_path: Path) -> None:
    _, answer = told(world(tmp_path, "despooler_retrying"), "--package", "CEN00099")
    assert [site["transport"] for site in answer["sites"].values()] == [[], [], [], []]
    _, answer = told(tmp_path)
    troubles = answer["sites"]["CHI"]["transport"]
    # The despooler names only the job; which package that carries, the sending site's scheduler tells.
    assert {(t["trouble"], t["peer_site"], t["package"]) for t in troubles} == {("despooler_retry", "CEN", "CEN00012")}


def test_no_line_ends_with_blanks_where_nobody_looks_at_a_terminal(two_missing: Path) -> None:
    lines = run(two_missing).stdout.splitlines()
    assert len(lines) > 20
    assert [line for line in lines if line != line.rstrip()] == []
