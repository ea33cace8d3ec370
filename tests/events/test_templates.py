from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.events.templates import HEAD_LENGTH, Template, TemplateError, bare, compile_template


def _match(template: str, message: str) -> dict[str, str | int] | None:
    return compile_template(template).match(bare(message))


BLOCKED = (
    "Failed to insert SMS Program ID {text:program_id} because the referenced program {package}-{program} is not "
    "present in the PkgPrograms table. Will try later."
)


def _blocked(program: str, package: str = "CEN0000E") -> str:
    return (
        f"Failed to insert SMS Program ID 5 because the referenced program {package}-{program} is not present in the "
        "PkgPrograms table. Will try later."
    )


@pytest.mark.parametrize(
    "program",
    [
        "Install",
        "Per-system unattended",
        "Office 2007 - Setup.exe /q",
        "*",
        "a",
        "Ünïcode Programm",
        "A program for x",
    ],
)
def test_program_names_are_free_text(program: str) -> None:
    assert _match(BLOCKED, _blocked(program)) == {"program_id": "5", "package": "CEN0000E", "program": program}


def test_reference_is_cut_after_the_eight_characters_of_its_package() -> None:
    assert _match(BLOCKED, _blocked("CEN00002-x", "0010000A")) == {
        "program_id": "5",
        "package": "0010000A",
        "program": "CEN00002-x",
    }


@pytest.mark.parametrize("package", ["CEN0000E", "ps10000a", "40100002", "<Task_Sequence_ID>", "PackageID", "PKGID"])
def test_package_ids_and_documentation_placeholders_are_packages(package: str) -> None:
    assert _match("Start adding package {package}...", f"Start adding package {package}...") == {"package": package}


@pytest.mark.parametrize("package", ["", "CEN0000", "CEN0000G", "CEN0000EE", "P-10000A", "<>", "<a<b>", "package"])
def test_other_words_are_no_packages(package: str) -> None:
    assert _match("Start adding package {package}...", f"Start adding package {package}...") is None


@pytest.mark.parametrize(
    "message",
    [
        "Exiting package processing thread for package CEN0000E.",
        "~Exiting package processing thread for package CEN0000E.",
        "~ Exiting package processing thread for package CEN0000E …",
        "  ~~Exiting package processing thread for package CEN0000E...~~ ",
        "Exiting package~processing  thread\r\n for package CEN0000E",
        "\u00a0Exiting package processing thread for package CEN0000E.",
    ],
)
def test_what_surrounds_a_message_and_how_wide_its_blanks_are_does_not_matter(message: str) -> None:
    assert _match("Exiting package processing thread for package {package}.", message) == {"package": "CEN0000E"}


def test_blank_must_be_there() -> None:
    assert _match("Sending completed successfully", "Sendingcompleted successfully") is None


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
@pytest.mark.parametrize("written", ["'", "\u2019"])
def test_apostrophes_are_straight_or_curly(apostrophe: str, written: str) -> None:
    template = f"The contents hasn{written}t arrived from site {{site:from_site}} yet"
    assert _match(template, f"The contents hasn{apostrophe}t arrived from site CEN yet") == {"from_site": "CEN"}


def test_numbers_are_integers_of_their_radix() -> None:
    assert _match("thread ID = {hex:thread} ({int:_}) after {int:n}", "thread ID = 0x1A14 (6676) after -3") == {
        "thread": 0x1A14,
        "n": -3,
    }


def test_number_written_as_a_documentation_placeholder_stays_text() -> None:
    assert _match("version {int:version} at {hex:at}", "version <x> at <address>") == {
        "version": "<x>",
        "at": "<address>",
    }


def test_value_that_is_not_kept_must_still_be_there() -> None:
    assert _match("Stored in {int:_} pieces", "Stored in pieces") is None
    assert _match("Stored in {int:_} pieces", "Stored in 3 pieces") == {}


def test_rest_may_be_empty_and_loses_its_blanks() -> None:
    template = "FinalSite:{rest:final} State: {text:state} Retry:{rest:retry}"
    assert _match(template, "FinalSite: State: Pending Retry:") == {"final": "", "state": "Pending", "retry": ""}
    assert _match(template, "FinalSite: PS2 State: Pending Retry: 4 ") == {
        "final": "PS2",
        "state": "Pending",
        "retry": "4",
    }


def test_text_may_not_be_empty_and_stays_on_its_line() -> None:
    assert _match("Msg>{text:message}", "Msg>") is None
    assert _match("Sending to {path:file}, done", "Sending to a\nb, done") is None


def test_free_value_ends_where_the_following_words_first_stand() -> None:
    assert _match("Copying {path:file} to {path:copy}", r"Copying C:\a b to D:\x to y") == {
        "file": r"C:\a b",
        "copy": r"D:\x to y",
    }


def test_word_holds_no_blank() -> None:
    assert _match("job {word:job} is done", "job 00000E2A is done") == {"job": "00000E2A"}
    assert _match("job {word:job} is done", "job a b is done") is None


def test_distribution_points_hold_quotes_and_brackets() -> None:
    nal = '["Display=\\\\DP1.X\\"]MSWNET:["SMS_SITE=PS1"]\\\\DP1.X\\'
    template = "Cannot update the package server {nal:distribution_point} for package {package}, error = {int:error}"
    assert _match(template, f"~Cannot update the package server {nal} for package CEN0000E, error = 3") == {
        "distribution_point": nal,
        "package": "CEN0000E",
        "error": 3,
    }


def test_doubled_braces_are_braces() -> None:
    assert _match("{{{int:number}}} ERROR: {{}}", "{6581} ERROR: {}") == {"number": 6581}


def test_characters_that_mean_something_in_patterns_mean_themselves() -> None:
    assert _match("a.b*c[d](e)|$^\\ {package}", "a.b*c[d](e)|$^\\ CEN0000E") == {"package": "CEN0000E"}
    assert _match("a.b*c[d](e)|$^\\ {package}", "aXb*c[d](e)|$^\\ CEN0000E") is None


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "fewer than 3"),
        ("{text:all}", 1, "fewer than 3"),
        ("~ . {package}", 1, "fewer than 3"),
        ("Adding {pakage} now", 8, "unknown placeholder type 'pakage'"),
        ("Adding {package now", 8, "not closed"),
        ("Adding } now", 8, "closes nothing"),
        ("version {int} of it", 9, "needs the name of a field"),
        ("version {int:Version} of it", 9, "is not a name"),
        ("version {int:} of it", 9, "is not a name"),
        ("from {site} to {site}", 16, "captured twice"),
        ("all {text:a}{text:b}", 13, "need text between"),
        ("x" * 2001, 2000, "longer than"),
    ],
)
def test_broken_template_says_why_and_where(text: str, column: int, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason) as raised:
        compile_template(text)
    assert raised.value.column == column
    assert str(raised.value).startswith(f"column {column}: ")


def test_head_words_and_weight_tell_how_a_template_is_found() -> None:
    template = compile_template("~The  contents for the package {package} hasn't arrived from site {site}.")
    assert template.head == "The contents for"[:HEAD_LENGTH]
    assert template.words == ("The", "contents", "for", "the", "package", "hasn", "t", "arrived", "from", "site")
    assert template.weight == len("Thecontentsforthepackagehasn'tarrivedfromsite")
    assert compile_template("{site} is not active").head == ""
    assert compile_template("Can't re-establish").head == "Can"


@pytest.mark.parametrize(
    "line",
    [
        "Failed to insert SMS Program ID " + " because the referenced program " * 20_000,
        "Failed to insert SMS Program ID" + " " * 1_000_000,
        "Failed to insert SMS Program ID " + "." * 1_000_000,
        "Failed to insert SMS Program ID x because the referenced program CEN0000E-" + "is not present " * 50_000,
    ],
)
def test_hostile_line_costs_no_more_than_its_length(line: str) -> None:
    # A value tried again with every longer length would take hours here.
    assert _match(BLOCKED, line) is None


_WORDS = st.text(st.sampled_from("abcXYZ09 .:=[]()'\"-/\\~{}\u2019é"), max_size=12)
_PLACEHOLDERS = st.sampled_from(
    ["{package}", "{int:n}", "{hex:h}", "{text:t}", "{rest:r}", "{site}", "{word:_}", "{x}", "{"]
)


@given(st.one_of(st.text(max_size=60), st.lists(_WORDS | _PLACEHOLDERS, max_size=6).map("".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_template_or_a_clear_error(text: str) -> None:
    template: Template | None = None
    column = 1
    try:
        template = compile_template(text)
    except TemplateError as error:
        column = error.column
    assert 1 <= column <= max(len(text), 1)
    if template is None:
        return
    assert template.weight >= 3
    assert len(template.head) <= HEAD_LENGTH
    assert all(word in text.replace("{{", "{").replace("}}", "}") for word in template.words)
    template.match(bare(text))


_VALUES: dict[str, st.SearchStrategy[str]] = {
    "package": st.from_regex(r"[0-9A-Z]{3}[0-9A-F]{5}", fullmatch=True),
    "site": st.from_regex(r"[0-9A-Z]{3}", fullmatch=True),
    "int": st.integers(-(10**12), 10**12).map(str),
    "hex": st.integers(0, 2**60).map(hex),
    "text": st.text(st.sampled_from('ab C-*"[]<>é'), min_size=1).filter(lambda text: text.strip() == text),
}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_template_gives_back_what_was_filled_in(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(_VALUES)), min_size=1, max_size=5))
    words = data.draw(st.lists(st.text(st.sampled_from("qrs,:="), min_size=3, max_size=8), min_size=6, max_size=6))
    values = [data.draw(_VALUES[kind]) for kind in kinds]
    template = words[-1] + "".join(f" {{{kind}:f{n}}} {words[n]}" for n, kind in enumerate(kinds))
    message = words[-1] + "".join(f" {value} {words[n]}" for n, value in enumerate(values))
    radix = {"int": 10, "hex": 16}
    wanted = {
        f"f{n}": int(value, radix[kind]) if kind in radix else value
        for n, (kind, value) in enumerate(zip(kinds, values, strict=True))
    }
    assert _match(template, f"~{message}~") == wanted
