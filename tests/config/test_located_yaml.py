import codecs
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.located_yaml import (
    Document,
    FileError,
    Problem,
    Value,
    did_you_mean,
    key_text,
    parse_yaml,
    read_text,
)


def parse(text: str) -> Document:
    return parse_yaml(text, "c.yaml")


def refusal(text: str) -> str:
    with pytest.raises(FileError) as caught:
        parse(text)
    return str(caught.value)


def test_scalars_stay_text_whatever_yaml_would_make_of_them() -> None:
    assert parse("[010, off, NO, 1_0, 12:30, 2026-01-01, 1.50, '~', 'null']").data == [
        "010",
        "off",
        "NO",
        "1_0",
        "12:30",
        "2026-01-01",
        "1.50",
        "~",
        "null",
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~", "null"])
def test_nothing_is_none(text: str) -> None:
    assert parse(text).data is None


def test_problem_stands_at_the_key() -> None:
    document = parse("a:\n  - b: 1\n    c: 2\n")
    assert str(document.problem(("a", 0, "c"), "is wrong")) == "c.yaml:3:5: a[0].c: is wrong"


def test_problem_of_an_absent_key_stands_at_what_should_hold_it() -> None:
    document = parse("a:\n  - b: 1\n")
    assert str(document.problem(("a", 0, "z"), "is needed")) == "c.yaml:2:5: a[0].z: is needed"


def test_problem_of_an_empty_file_names_the_file() -> None:
    assert str(parse("").problem((), "is empty")) == "c.yaml: is empty"


def test_duplicate_key_is_a_problem_and_the_first_value_stays() -> None:
    document = parse("a: 1\nb:\n  c: 2\n  c: 3\na: 4\n")
    assert document.data == {"a": "1", "b": {"c": "2"}}
    assert [str(problem) for problem in document.problems] == [
        "c.yaml:4:3: b.c: the key stands here twice: first in line 3",
        "c.yaml:5:1: a: the key stands here twice: first in line 1",
    ]


def test_same_key_in_two_mappings_is_none() -> None:
    assert parse("- a: 1\n- a: 2\n").problems == []


def test_key_that_is_a_list_is_a_problem() -> None:
    assert [str(problem) for problem in parse("? [a]\n: 1\n").problems] == [
        "c.yaml:1:3: a key must be a word, not a list or a mapping"
    ]


def test_foreign_tag_is_a_problem_and_never_made_into_an_object() -> None:
    document = parse("a: !!python/object/apply:os.system ['exit']\nb: !secret x\n")
    assert document.data == {"a": None, "b": None}
    assert [(problem.line, problem.key) for problem in document.problems] == [(1, "a"), (2, "b")]


def test_alias_is_what_it_stands_for() -> None:
    assert parse("a: &x [1]\nb: *x\n").data == {"a": ["1"], "b": ["1"]}


def test_syntax_fault_has_its_place() -> None:
    assert refusal("a: 1\nb: [1, 2\nc: 3\n").startswith("c.yaml:3:2: ")


def test_tab_is_explained() -> None:
    assert refusal("a:\n\tb: 1\n").startswith("c.yaml:2:1: ")
    assert "(indent with blanks, not with tabs)" in refusal("a:\n\tb: 1\n")


def test_windows_path_in_double_quotes_is_explained() -> None:
    assert "write a path like D:\\SMS\\Logs in single quotes" in refusal('logs: "D:\\SMS\\Logs"\n')


def test_character_that_yaml_forbids_is_named() -> None:
    assert refusal("a: 1\nb: x\x00y\n") == "c.yaml:2:5: the character U+0000 cannot stand in a YAML file"


def test_second_document_is_refused() -> None:
    assert refusal("a: 1\n---\nb: 2\n").startswith("c.yaml:2:1: ")


def test_value_that_holds_itself_is_refused() -> None:
    assert refusal("a: &x [*x]\n") == "c.yaml: is nested too deeply, or holds itself"


def test_deep_nesting_is_refused() -> None:
    assert refusal("[" * 5000) == "c.yaml: is nested too deeply, or holds itself"


def test_aliases_cannot_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines)) == "c.yaml: stands for more than 200000 values"


def test_text_is_read_in_each_encoding_that_editors_write(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for raw in (
        "ü: 1".encode(),
        codecs.BOM_UTF8 + "ü: 1".encode(),
        codecs.BOM_UTF16_LE + "ü: 1".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "ü: 1".encode("utf-16-be"),
    ):
        path.write_bytes(raw)
        assert read_text(path) == "ü: 1"


def test_other_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"a: 1\nname: caf\xe9\n")
    with pytest.raises(FileError) as caught:
        read_text(path)
    assert caught.value.problems == [Problem(str(path), 2, 10, "", "is not UTF-8 text: save the file as UTF-8")]


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read_text(tmp_path / "nix.yaml")
    assert str(caught.value) == f"{tmp_path / 'nix.yaml'}: cannot be read: No such file or directory"


def test_problems_stand_in_the_order_of_the_file() -> None:
    late, early, whole = (Problem("f", line, 1, "", "x") for line in (9, 2, None))
    assert FileError([late, early, whole]).problems == [whole, early, late]


def test_key_text() -> None:
    assert key_text(("sites", 0, "zone")) == "sites[0].zone"
    assert key_text(()) == ""


@pytest.mark.parametrize(
    ("word", "hint"),
    [("zon", "; did you mean 'Zone'?"), ("ZONE", "; did you mean 'Zone'?"), ("qqqq", ""), ("", "")],
)
def test_did_you_mean(word: str, hint: str) -> None:
    assert did_you_mean(word, ["Zone", "parent"]) == hint


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
_VALUES = st.recursive(_TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3))


@given(_VALUES)
def test_what_is_written_is_read(value: Value) -> None:
    text = yaml.safe_dump(value, default_style="'", allow_unicode=True)
    document = parse(text)
    assert document.data == value
    assert document.problems == []


@given(st.text(max_size=60) | st.text("ab:-[]{}&*!|>'\"#%@,? \n\t", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        problems = parse(text).problems
    except FileError as error:
        problems = error.problems or [Problem("c.yaml", None, None, "", "")]
    assert all(problem.message for problem in problems)
