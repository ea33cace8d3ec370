import json
from itertools import pairwise, product

import pytest

from dashboards.build import FOLDER, SHEETS, text_of
from dashboards.frame import COLUMNS, Sheet, Shelf, build
from dashboards.panels import stat_panel
from tests.dashboards.reading import BUILT_IN, dashboards, panels, used_variables, variables

ALL = dashboards()


def test_the_committed_dashboards_are_those_that_are_built() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(SHEETS)
    for name in SHEETS:
        built = text_of(name)
        assert (FOLDER / name).read_text(encoding="utf-8") == built, f"{name}: run python -m dashboards.build"


@pytest.mark.parametrize("name", ALL)
def test_panels_have_ids_of_their_own(name: str) -> None:
    ids = [panel["id"] for panel in ALL[name]["panels"]]
    assert sorted(ids) == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("name", ALL)
def test_panels_have_titles_of_their_own(name: str) -> None:
    titles = [panel["title"] for panel in ALL[name]["panels"]]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", ALL)
def test_panels_fill_the_grid_and_do_not_overlap(name: str) -> None:
    places = [panel["gridPos"] for panel in ALL[name]["panels"]]
    cells = [
        cell for at in places for cell in product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))
    ]
    assert len(cells) == len(set(cells)), "panels overlap"
    height = max(at["y"] + at["h"] for at in places)
    assert set(cells) == set(product(range(COLUMNS), range(height))), "there are holes"
    assert all((one["y"], one["x"]) < (other["y"], other["x"]) for one, other in pairwise(places)), (
        "panels do not stand in the order in which they are read"
    )


def test_panels_that_do_not_fill_the_grid_are_refused() -> None:
    panel = stat_panel("One", "One number.", "vector(1)")
    sheet = Sheet("u", "t", "d", [], "label_values(up, instance)", "", None, [Shelf(4, [(COLUMNS - 1, panel)])])
    with pytest.raises(ValueError, match="23 wide, not 24"):
        build(sheet)


def test_each_dashboard_has_an_address_and_a_title_of_its_own() -> None:
    assert {name: each["uid"] for name, each in ALL.items()} == {
        "exporter.json": "configmgr-exporter",
        "hierarchy.json": "configmgr-hierarchy",
        "package.json": "configmgr-package",
        "site.json": "configmgr-site",
        "transport.json": "configmgr-transport",
    }
    assert len({each["title"] for each in ALL.values()}) == len(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_variable_that_is_used_is_there_and_every_other_is_used(name: str) -> None:
    dashboard = ALL[name]
    here = variables(dashboard)
    text = json.dumps(dashboard)
    used = {each for each in used_variables(text) if not each.startswith("__")}
    assert used - here.keys() == set()
    assert here.keys() - used == set()
    theirs = {each for each in used_variables(text) if each.startswith("__")}
    assert theirs <= BUILT_IN | {"__data", "__field", "__value"}


@pytest.mark.parametrize("name", ALL)
def test_every_link_leads_to_a_dashboard_and_a_variable_that_are_there(name: str) -> None:
    there = {f"/d/{each['uid']}": variables(each) for each in ALL.values()}
    urls = _links(ALL[name])
    assert urls
    for url in urls:
        if url.startswith("/d/"):
            address, _, query = url.partition("?")
            assert address in there, url
            names = {part.split("=")[0].removeprefix("var-") for part in query.split("&") if part.startswith("var-")}
            assert names <= there[address].keys(), url
            assert query.endswith(
                "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
            )
        else:
            assert url.startswith("${scheme}://"), url


def _links(dashboard: object) -> list[str]:
    if isinstance(dashboard, dict):
        here = [dashboard["url"]] if isinstance(dashboard.get("url"), str) and dashboard["url"] else []
        return here + [url for value in dashboard.values() for url in _links(value)]
    return [url for value in dashboard for url in _links(value)] if isinstance(dashboard, list) else []


@pytest.mark.parametrize("name", ALL)
def test_every_panel_says_what_it_means_when_it_is_empty(name: str) -> None:
    for panel in panels(ALL[name]):
        assert panel["fieldConfig"]["defaults"]["noValue"].strip(), panel["title"]


@pytest.mark.parametrize("name", ALL)
def test_every_dashboard_leads_to_all_of_them_and_to_the_status_page(name: str) -> None:
    tags, status = ALL[name]["links"]
    assert tags["type"] == "dashboards"
    assert set(tags["tags"]) <= set(ALL[name]["tags"])
    assert tags["includeVars"]
    assert tags["keepTime"]
    assert status["url"].startswith("${scheme}://${exporter}/")
