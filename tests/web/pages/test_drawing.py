from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.pages.drawing import NODE_HEIGHT, NODE_WIDTH, draw, order

PARENTS = {"CHI": "CEN", "LON": "CEN", "DEN": "CHI", "PAR": "LON"}


def test_a_tree_is_read_each_site_then_all_below_it() -> None:
    assert order(["PAR", "LON", "CEN", "DEN", "CHI"], PARENTS) == [
        ("CEN", 0),
        ("CHI", 1),
        ("DEN", 2),
        ("LON", 1),
        ("PAR", 2),
    ]


def test_a_parent_stands_in_the_middle_of_its_children() -> None:
    drawing = draw(["CEN", "CHI", "LON"], PARENTS)
    place = {node.code: (node.x, node.y) for node in drawing.nodes}
    assert place["CEN"][1] == (place["CHI"][1] + place["LON"][1]) / 2
    assert place["CHI"][0] == place["LON"][0] > place["CEN"][0] + NODE_WIDTH
    assert [edge.code for edge in drawing.edges] == ["CHI", "LON"]


def test_nothing_to_draw_is_drawn() -> None:
    assert draw([], {}).nodes == []


_CODES = st.sampled_from(["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", ""])


@given(st.sets(_CODES), st.dictionaries(_CODES, _CODES))
@settings(max_examples=150, deadline=None)
def test_every_site_stands_once_and_none_on_another(codes: set[str], parents: dict[str, str]) -> None:
    drawing = draw(sorted(codes), parents)
    assert sorted(node.code for node in drawing.nodes) == sorted(codes)
    for place, node in enumerate(drawing.nodes):
        assert 0 <= node.x <= drawing.width - NODE_WIDTH
        assert 0 <= node.y <= drawing.height - NODE_HEIGHT
        for other in drawing.nodes[place + 1 :]:
            assert abs(node.x - other.x) >= NODE_WIDTH or abs(node.y - other.y) >= NODE_HEIGHT
    assert len(drawing.edges) == sum(node.depth > 0 for node in drawing.nodes)
