from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from exporter.events.entries import CatalogueError
from exporter.events.loader import Catalogue, best_match, load_catalogue, load_folder
from exporter.events.messages import Certainty, Era, MessageKind
from exporter.events.user import UserTemplate, UserTemplateError

ENTRY = """\
name: package_adding
text: Start adding package {package}...
meaning: A new package is worked on.
kind: start
era: [sms2, cb]
source: [here]
certainty: confirmed
example: ~Start adding package CEN0000E...
fields: {package: CEN0000E}
"""


def _file(
    *entries: str, head: str = "log: distmgr\ncomponents: [SMS_DISTRIBUTION_MANAGER]\nsources: {here: https://x}"
) -> str:
    items = "".join("  - " + indent(dedent(entry), "    ").strip() + "\n\n" for entry in entries)
    return f"{head}\n\nmessages:\n{items}"


def _load(tmp_path: Path, text: str, name: str = "distmgr.yaml") -> Catalogue:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return load_folder(sorted(tmp_path.iterdir()))


def _with(old: str, new: str) -> str:
    assert old in ENTRY
    return ENTRY.replace(old, new)


def test_entry_is_read_with_all_that_documentation_needs(tmp_path: Path) -> None:
    (message,) = _load(tmp_path, _file(ENTRY + "seen: some.txt\n")).messages
    assert (message.name, message.log) == ("package_adding", "distmgr")
    assert message.components == {"SMS_DISTRIBUTION_MANAGER"}
    assert (message.kind, message.certainty) == (MessageKind.START, Certainty.CONFIRMED)
    assert message.eras == (Era.SMS2, Era.CURRENT_BRANCH)
    assert message.sources == ("https://x",)
    assert (message.meaning, message.seen) == ("A new package is worked on.", "some.txt")
    assert message.where == "distmgr.yaml:6"


def test_entry_may_be_written_by_other_components_than_its_file(tmp_path: Path) -> None:
    (message,) = _load(tmp_path, _file(ENTRY + "components: [SMS_DESPOOLER]\n")).messages
    assert message.components == {"SMS_DESPOOLER"}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (
            _with("{package}...", "{pakage}..."),
            "text 'Start adding package {pakage}...', column 22: unknown placeholder",
        ),
        (_with("CEN0000E...", "CEN0000..."), "its example does not match its text"),
        (_with("{package: CEN0000E}", "{package: CEN0000F}"), "its example gives the fields {'package': 'CEN0000E'}"),
        (_with("{package: CEN0000E}", "{}"), "its example gives the fields"),
        (_with("{package: CEN0000E}", "[]"), "fields is not a mapping"),
        (_with("{package: CEN0000E}", "{package: 1.5}"), "field package is neither a text nor a whole number"),
        (_with("{package: CEN0000E}", "{package: yes}"), "field package is neither a text nor a whole number"),
        (_with("kind: start", "kind: begin"), "kind 'begin' is none of start, progress"),
        (_with("[sms2, cb]", "[sms9]"), "era 'sms9' is none of sms1"),
        (_with("[sms2, cb]", "2012"), "era is neither a text nor a list of texts"),
        (_with("[here]", "[there]"), "source 'there' is not among the file's sources"),
        (_with("certainty: confirmed\n", ""), "it lacks certainty"),
        (ENTRY + "colour: red\n", "it has keys that nobody knows: colour"),
        (_with("meaning: A new package is worked on.", "meaning: 5"), "meaning is not a text"),
        (_with("text: Start adding package {package}...", "text: []"), "it has no text"),
        (_with("name: package_adding", "name: Package adding"), "its name is not one of small letters"),
    ],
)
def test_broken_entry_is_named_with_its_file_and_line(tmp_path: Path, entry: str, reason: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        _load(tmp_path, _file(entry))
    assert str(raised.value).startswith("distmgr.yaml:6: ")
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not a mapping"),
        ("- a", "it is not a mapping"),
        ("a: [", "distmgr.yaml: "),
        ("log: distmgr\ncomponents: []\n", "it has no list of messages"),
        ("components: []\nmessages: []\n", "it does not say which log and components it is for"),
        ("log: distmgr\ncomponents: []\nmessages: [a]\n", "an entry of messages is not a mapping"),
    ],
)
def test_broken_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=r"distmgr\.yaml") as raised:
        _load(tmp_path, text)
    assert reason in str(raised.value)


def test_name_is_taken_once(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"distmgr.yaml:\d+: package_adding: the name is taken by distmgr.yaml:6"):
        _load(tmp_path, _file(ENTRY, ENTRY))


def test_two_entries_may_not_be_as_good_for_one_line(tmp_path: Path) -> None:
    other = ENTRY.replace("name: package_adding", "name: other")
    with pytest.raises(CatalogueError, match="package_adding: its example is as much one of other"):
        _load(tmp_path, _file(ENTRY, other))


def test_more_specific_entry_wins_a_line(tmp_path: Path) -> None:
    general = _with("Start adding package {package}...", "Start adding {text:what}").replace(
        "package_adding", "general"
    )
    general = general.replace("package CEN0000E...", "a server").replace("{package: CEN0000E}", "{what: a server}")
    messages = _load(tmp_path, _file(general, ENTRY)).messages
    for order in (messages, messages[::-1]):
        found = best_match(order, "~Start adding package CEN00001...")
        assert found is not None
        assert (found[0].name, found[1]) == ("package_adding", {"package": "CEN00001"})


def test_more_specific_wording_of_one_entry_wins(tmp_path: Path) -> None:
    entry = _with(
        "text: Start adding package {package}...",
        "text: ['Start adding {text:what}', 'Start adding package {package}']",
    )
    (message,) = _load(tmp_path, _file(entry)).messages
    assert [template.text for template in message.templates] == [
        "Start adding package {package}",
        "Start adding {text:what}",
    ]


STATUS = """\
sources: {here: https://x}
status_messages:
  - number: 2301
    name: package_processed
    component: SMS_DISTRIBUTION_MANAGER
    meaning: Done.
    kind: success
    source: [here]
    certainty: confirmed
    seen: some.txt
    first_string: package_name
"""


def test_status_messages_are_read(tmp_path: Path) -> None:
    status = _load(tmp_path, STATUS, "status_messages.yaml").status_messages[2301]
    assert (status.component, status.meaning, status.kind) == ("SMS_DISTRIBUTION_MANAGER", "Done.", MessageKind.SUCCESS)
    assert (status.name, status.seen) == ("package_processed", "some.txt")
    assert (status.names_package, status.sources) == (True, ("https://x",))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2301", "'2301'", "number is not a whole number"),
        ("2301", "yes", "number is not a whole number"),
        ("package_name", "package", "first_string can only be package_name"),
        ("success", "good", "kind 'good' is none of"),
        ("package_processed", "Package processed", "its name is not one of small letters"),
    ],
)
def test_broken_status_message_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason) as raised:
        _load(tmp_path, STATUS.replace(old, new), "status_messages.yaml")
    assert str(raised.value).startswith("status_messages.yaml:3: ")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("package_processed", "other", "number 2301 is described twice"),
        ("2301", "2302", "name package_processed is given twice"),
    ],
)
def test_status_message_that_is_described_twice_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    entry = STATUS.partition("status_messages:\n")[2]
    with pytest.raises(CatalogueError, match=reason) as raised:
        _load(tmp_path, STATUS + entry.replace(old, new), "status_messages.yaml")
    assert str(raised.value).startswith("status_messages.yaml:12: ")


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("{", encoding="utf-8")
    assert len(_load(tmp_path, _file(ENTRY)).messages) == 1


def test_templates_of_the_configuration_file_are_loaded_with_the_catalogue() -> None:
    catalogue = load_catalogue([UserTemplate(name="mine", text="My own line {int:n}")])
    assert [template.source.name for template in catalogue.user] == ["mine"]
    with pytest.raises(UserTemplateError, match="'mine'"):
        load_catalogue([UserTemplate(name="mine", text="My own line {int}")])
    with pytest.raises(UserTemplateError, match="the name is taken twice"):
        load_catalogue([UserTemplate(name="mine", text="one {int:n}"), UserTemplate(name="mine", text="two {int:n}")])
