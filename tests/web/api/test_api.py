"""What the API answers over real sockets, held to its own description."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from docs.screens import Stage
from exporter.cli import cli
from exporter.metrics.views import Snapshot
from exporter.report import picture
from exporter.report.hierarchy import Report, report
from exporter.web.api.endpoints import ENDPOINTS
from tests.metrics.states import FACTS, full
from tests.web.html import STEERING
from tests.web.pages.test_pages import HOSTILE_GIVEN, hostile_views, lost_instruction
from tests.web.serving import Answer, World, ask, serving

API = "/api/v1"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def get(port: int, path: str, status: int = 200) -> Any:
    answer = ask(port, API + path)
    assert answer.status == status, (path, answer.text)
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.body)


@pytest.fixture(scope="module")
def description(incident_port: int) -> dict[str, Any]:
    found: dict[str, Any] = get(incident_port, "/openapi.json")
    return found


def fits(description: dict[str, Any], schema: str, data: Any) -> None:
    """Check an answer against the served description."""
    root = {"$ref": f"#/components/schemas/{schema}", "components": description["components"]}
    jsonschema_rs.Draft202012Validator(root, validate_formats=True).validate(data)


@pytest.fixture(params=["incident", "full", "hostile", "empty"])
def some_port(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "incident":
        yield request.getfixturevalue("incident_port")
        return
    world = World()
    if request.param == "hostile":
        world.snapshot, world.given = Snapshot(hostile_views(), FACTS), HOSTILE_GIVEN
    elif request.param == "empty":
        world.snapshot = Snapshot([], FACTS)
    with serving(world) as port:
        yield port


def test_every_answer_is_as_the_description_says(description: dict[str, Any], some_port: int) -> None:
    for endpoint in ENDPOINTS:
        if "{" not in endpoint.path:
            fits(description, endpoint.schema, get(some_port, endpoint.path))
    for row in get(some_port, "/sites")["sites"]:
        if row["site"].isalnum() and row["site"].isascii() and len(row["site"]) == 3:
            fits(description, "Site", get(some_port, f"/sites/{row['site']}"))
    for row in get(some_port, "/packages")["packages"]:
        if row["package"].isalnum():
            fits(description, "Package", get(some_port, f"/packages/{row['package']}"))


def test_the_hierarchy_is_what_explain_prints(incident: Stage, incident_port: int) -> None:
    answer = get(incident_port, "/hierarchy")
    inventory = incident.folder / "names.yaml"
    inventory.write_text("CEN00012: Laptop drivers (inventory)\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["explain", "--json", "--inventory", str(inventory), str(incident.folder)])
    assert result.exit_code == 1, result.output
    printed = json.loads(result.stdout)
    assert answer["culprits"] == printed["culprits"]
    assert answer["sites"].keys() == printed["sites"].keys()
    for code, site in printed["sites"].items():
        for part in ("blocked", "waiting", "source_errors", "gaps"):
            assert answer["sites"][code][part] == site[part]
    assert len(answer["culprits"]) == 1
    assert {place["site"]: place["condition"] for place in answer["tree"]} == {
        "CEN": "attention",
        "CHI": "blocked",
        "DEN": "clear",
        "LON": "blocked",
        "NYC": "blocked",
        "PAR": "clear",
    }
    assert answer["reading"]["logs"] == 33
    assert TIME.fullmatch(answer["reading"]["records_until"])


def test_blocked_task_sequences_can_be_asked_for_by_site_and_package(incident_port: int) -> None:
    rows = get(incident_port, "/blocked")["blocked"]
    assert [(row["site"], row["task_sequence"]) for row in rows] == [
        (site, f"CEN0002{number}") for site in ("CHI", "LON", "NYC") for number in (1, 2, 3)
    ]
    assert len(get(incident_port, "/blocked?site=CHI")["blocked"]) == 3
    assert len(get(incident_port, "/blocked?package=CEN00012")["blocked"]) == 9
    assert len(get(incident_port, "/blocked?package=CEN00022&site=LON")["blocked"]) == 1
    assert get(incident_port, "/blocked?site=XYZ")["blocked"] == []


def test_packages_come_in_pages(incident_port: int) -> None:
    found: list[str] = []
    after = ""
    while True:
        page = get(incident_port, f"/packages?limit=3{after}")
        assert len(page["packages"]) <= 3
        found += [row["package"] for row in page["packages"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == sorted(set(found))
    assert found == [row["package"] for row in get(incident_port, "/packages")["packages"]]
    assert {"CEN00012", "CEN00013", "CEN00021", "CHI00003"} <= set(found)
    stuck = get(incident_port, "/packages?stuck=true")["packages"]
    assert [row["package"] for row in stuck] == ["CEN00012", "CEN00021", "CEN00022", "CEN00023"]
    assert stuck[0]["missing_at"] == ["CHI", "LON", "NYC"]
    assert stuck[0]["source_unreadable_at"] == ["CEN"]
    assert stuck[1]["blocked_at"] == ["CHI", "LON", "NYC"]


def test_a_package_tells_all_that_is_known_of_it(incident_port: int) -> None:
    answer = get(incident_port, "/packages/CEN00012")
    assert answer["name"] == "Laptop drivers (inventory)"
    assert answer["culprits"][0]["cause"]["kind"] == "source_path_inaccessible"
    assert [row["site"] for row in answer["source_errors"]] == ["CEN"]
    assert answer["facts"]
    assert get(incident_port, "/packages/CEN00021")["blocked"][0]["site"] == "CHI"


def test_a_package_that_only_does_not_get_on_is_known(description: dict[str, Any]) -> None:
    world = World()
    world.snapshot = Snapshot([lost_instruction()], FACTS)
    with serving(world) as port:
        answer = get(port, "/packages/LON00001")
        fits(description, "Package", answer)
        assert [(row["site"], row["trouble"]) for row in answer["transport"]] == [("CEN", "instruction_lost")]
        assert [row["package"] for row in get(port, "/packages")["packages"]] == ["LON00001"]
        assert get(port, "/packages?stuck=true")["packages"] == []
        assert [line["about"] for line in get(port, "/evidence?package=LON00001")["evidence"]] == ["transport"]


def test_a_site_tells_all_that_is_known_of_it(incident_port: int) -> None:
    answer = get(incident_port, "/sites/CHI")
    assert (answer["condition"], answer["parent"], answer["parent_inferred"]) == ("blocked", "CEN", False)
    assert [log["log"] for log in answer["logs"]] == ["despool", "distmgr", "hman", "replmgr", "sched", "sender"]
    assert answer["doubts"] == []


def test_evidence_is_lines_of_logs(incident_port: int) -> None:
    found = get(incident_port, "/evidence?task_sequence=CEN00021&site=CHI")["evidence"]
    assert len(found) == 7
    assert "is not present in the PkgPrograms table" in found[4]["text"]
    assert {line["about"] for line in get(incident_port, "/evidence?package=CEN00012")["evidence"]} == {
        "cause",
        "blocked",
        "source_error",
    }
    page = get(incident_port, "/evidence?limit=2")
    assert (len(page["evidence"]), page["more"]) == (2, True)


def test_events_go_on_from_a_cursor(incident_port: int) -> None:
    page = get(incident_port, "/events")
    assert len(page["events"]) == 10
    assert not page["missed"]
    begun = next(event for event in page["events"] if event["event"] == "block_began")
    assert (begun["site"], begun["package"], begun["missing"][0]["package"]) == ("CHI", "CEN00021", "CEN00012")
    assert get(incident_port, f"/events?since={page['cursor']}")["events"] == []
    assert get(incident_port, "/events?since=5")["missed"]
    two = get(incident_port, "/events?limit=2")
    assert two["more"]
    assert [event["cursor"] for event in two["events"]] == [event["cursor"] for event in page["events"][:2]]


def test_prometheus_finds_one_target_for_each_site(incident_port: int) -> None:
    groups = get(incident_port, "/http_sd")
    assert [group["labels"]["__meta_configmgr_site"] for group in groups] == ["CEN", "CHI", "DEN", "LON", "NYC", "PAR"]
    assert {target for group in groups for target in group["targets"]} == {f"127.0.0.1:{incident_port}"}
    chicago = groups[1]["labels"]
    assert chicago == {
        "__scheme__": "http",
        "__metrics_path__": "/metrics",
        "__meta_configmgr_site": "CHI",
        "__meta_configmgr_parent_site": "CEN",
        "__meta_configmgr_site_server": "localhost",
    }


@pytest.mark.parametrize("host", ["a b", "x/y", "<script>", "x" * 300, '"x"', "h:99999999"])
def test_a_host_that_is_none_is_not_repeated(incident_port: int, host: str) -> None:
    answer = ask(incident_port, f"{API}/http_sd", Host=host)
    assert answer.status in {200, 400}
    assert host not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "not_found"),
        ("/sites/XYZ", 404, "not_found"),
        ("/packages/XYZ00001", 404, "not_found"),
        ("/sites/%00", 404, "not_found"),
        ("/packages/" + "x" * 300, 400, "bad_parameter"),
        ("/blocked?sites=CHI", 400, "unknown_parameter"),
        ("/sites?site=CHI", 400, "unknown_parameter"),
        ("/sites/CHI?site=NYC", 400, "unknown_parameter"),
        ("/openapi.json?x=1", 400, "unknown_parameter"),
        ("/blocked?site=CHI&site=NYC", 400, "bad_parameter"),
        ("/blocked?site=", 400, "bad_parameter"),
        ("/packages?limit=0", 400, "bad_parameter"),
        ("/packages?limit=1001", 400, "bad_parameter"),
        ("/packages?limit=ten", 400, "bad_parameter"),
        ("/packages?limit=%D9%A3", 400, "bad_parameter"),
        ("/packages?stuck=yes", 400, "bad_parameter"),
        ("/events?since=-1", 400, "bad_parameter"),
        ("/events?since=99999999999999999999", 400, "bad_parameter"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_form(incident_port: int, path: str, status: int, code: str) -> None:
    error = get(incident_port, path, status)
    assert error.keys() == {"error"}
    assert error["error"]["code"] == code
    assert error["error"]["message"].endswith(".")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_get_and_head_are_answered(incident_port: int, method: str) -> None:
    answer = ask(incident_port, f"{API}/sites", method)
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}
    assert json.loads(answer.body)["error"]["code"] == "method_not_allowed"


def test_a_body_is_refused_in_the_same_form(incident_port: int) -> None:
    answer = ask(incident_port, f"{API}/sites", "POST", b"{}")
    assert answer.status == 413
    assert json.loads(answer.body)["error"]["code"] == "body_not_allowed"


def test_a_fault_of_ours_is_told_without_what_it_knows(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    with serving(world) as port:
        world.snapshot = None  # type: ignore[assignment]
        answer = ask(port, f"{API}/sites")
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "error": {"code": "internal", "message": "A fault of the exporter: see its log."}
    }
    assert "Answering /api/v1/sites failed" in caplog.text


def test_head_gives_the_headers_alone(incident_port: int) -> None:
    answer = ask(incident_port, f"{API}/hierarchy", "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(ask(incident_port, f"{API}/hierarchy").body)


@pytest.mark.parametrize("path", [f"{API}/hierarchy", f"{API}/http_sd", "/", "/package/CEN00012"])
def test_what_a_client_has_already_is_not_sent_again(incident_port: int, path: str) -> None:
    first = ask(incident_port, path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    tag = first.headers["ETag"]
    for known in (tag, f'"x", {tag}', "*"):
        again = ask(incident_port, path, If_None_Match=known)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    for other in ('"x"', "nonsense", ""):
        assert ask(incident_port, path, If_None_Match=other).status == 200


def test_long_answers_are_compressed_for_those_who_can_read_that(incident_port: int) -> None:
    plain = ask(incident_port, f"{API}/hierarchy")
    packed = ask(incident_port, f"{API}/hierarchy", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"


def hostile_answers() -> Iterator[Answer]:
    world = World(snapshot=Snapshot(hostile_views(), FACTS), given=HOSTILE_GIVEN)
    with serving(world) as port:
        for path in ("hierarchy", "blocked", "packages", "sites", "sites/CHI", "evidence", "events", "http_sd"):
            yield ask(port, f"{API}/{path}")


def test_text_of_a_hostile_log_is_data_and_steers_no_terminal() -> None:
    for answer in hostile_answers():
        assert answer.status == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not STEERING.search(answer.text)
        assert answer.body.isascii()
        json.loads(answer.body)


def test_a_hundred_views_cost_one_report(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Report] = []

    def count(*args: Any, **named: Any) -> Report:
        made.append(report(*args, **named))
        return made[-1]

    monkeypatch.setattr(picture, "report", count)
    with serving(World(snapshot=full())) as port:
        for _ in range(25):
            for path in ("/", "/logs", "/site/CHI", f"{API}/hierarchy"):
                assert ask(port, path).status == 200
    assert len(made) == 1


def test_the_description_names_the_address_that_people_use() -> None:
    with serving(World(), route_prefix="/p", external_url="https://m.example/p") as port:
        answer = json.loads(ask(port, f"/p{API}/openapi.json").body)
        assert answer["servers"] == [{"url": "https://m.example/p/api/v1"}]
        groups = json.loads(ask(port, f"/p{API}/http_sd").body)
        assert groups[0]["labels"]["__metrics_path__"] == "/p/metrics"


def test_behind_a_proxy_that_takes_the_prefix_away_links_still_hold() -> None:
    with serving(World(), external_url="https://m.example/p") as port:
        assert 'href="site/CHI"' in ask(port, "/").text
        direct = json.loads(ask(port, f"{API}/http_sd").body)[0]
        assert direct["labels"]["__metrics_path__"] == "/metrics"
        through = json.loads(ask(port, f"{API}/http_sd", Host="m.example").body)[0]
        assert through["targets"] == ["m.example"]
        assert through["labels"]["__metrics_path__"] == "/p/metrics"
        assert through["labels"]["__scheme__"] == "https"
