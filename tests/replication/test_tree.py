"""The tree of sites."""

from __future__ import annotations

from exporter.replication.state import LinkBasis, SiteState
from exporter.replication.tree import Tree, tree_of


def states(*links: tuple[str, str, LinkBasis]) -> dict[str, SiteState]:
    state = SiteState("CEN")
    for parent, child, basis in links:
        state.transport.links[parent, child] = basis
    return {"CEN": state}


STATED, INFERRED = LinkBasis.STATED, LinkBasis.INFERRED


def test_configured_parents_go_before_what_the_logs_show() -> None:
    tree = tree_of(states(("CEN", "DEN", STATED), ("CEN", "CHI", STATED)), {"DEN": "CHI"})
    assert tree.parents == {"DEN": "CHI", "CHI": "CEN"}
    assert tree.inferred == {"CHI"}


def test_a_stated_parent_goes_before_an_inferred_one() -> None:
    tree = tree_of(states(("AAA", "DEN", INFERRED), ("CHI", "DEN", STATED)))
    assert tree.parents["DEN"] == "CHI"


def test_of_inferred_parents_the_lower_one_is_the_parent() -> None:
    """A site may have an address of its grandchild; the child between has one too."""
    links = [("CEN", "DEN", INFERRED), ("CEN", "ZZZ", INFERRED), ("ZZZ", "DEN", INFERRED)]
    for order in (links, links[::-1]):
        assert tree_of(states(*order)).parents == {"DEN": "ZZZ", "ZZZ": "CEN"}


def test_a_ring_is_not_closed() -> None:
    tree = tree_of(states(("CEN", "CHI", STATED), ("CHI", "CEN", INFERRED)))
    assert tree.parents == {"CHI": "CEN"}
    tree = tree_of(states(("CHI", "CEN", INFERRED)), {"CHI": "CEN"})
    assert tree.parents == {"CHI": "CEN"}


def test_links_of_all_sites_make_one_tree() -> None:
    chicago = SiteState("CHI")
    chicago.transport.links["CHI", "DEN"] = INFERRED
    tree = tree_of({**states(("CEN", "CHI", INFERRED)), "CHI": chicago})
    assert tree.route("CEN", "DEN") == ("CEN", "CHI", "DEN")


def test_routes() -> None:
    tree = Tree({"CHI": "CEN", "DEN": "CHI", "LON": "CEN"})
    assert tree.route("CEN", "DEN") == ("CEN", "CHI", "DEN")
    assert tree.route("CHI", "CHI") == ("CHI",)
    assert tree.route("LON", "DEN") == ("LON", "DEN")
    assert tree.route("XXX", "YYY") == ("XXX", "YYY")


def test_a_route_in_a_ring_that_was_configured_ends() -> None:
    assert Tree({"AAA": "BBB", "BBB": "AAA"}).route("CEN", "AAA") == ("CEN", "AAA")
