import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logs.encoding import check_code_page, decode


@pytest.mark.parametrize("code_page", ["cp1252", "cp1250", "cp1251", "cp932", "cp936", "cp949", "utf-8", "CP1252"])
def test_code_page_of_a_windows_server_is_accepted(code_page: str) -> None:
    check_code_page(code_page)


@pytest.mark.parametrize("code_page", ["cp99999", "utf-16", "cp037", "hex", "rot13", "", "latin\0"])
def test_code_page_that_hides_ascii_is_refused(code_page: str) -> None:
    with pytest.raises(ValueError, match="code page"):
        check_code_page(code_page)


def test_utf8_is_preferred_to_the_code_page() -> None:
    assert decode("Prüfung für Straße".encode(), "cp1252") == ("Prüfung für Straße", False)


def test_code_page_is_used_for_what_is_not_utf8() -> None:
    assert decode("Prüfung".encode("cp1252"), "cp1252") == ("Prüfung", False)
    assert decode("配布".encode("cp932"), "cp932") == ("配布", False)


def test_bytes_of_neither_encoding_stay_readable() -> None:
    assert decode(b"Pr\xfcfung \x81 \x9d", "cp1252") == (r"Prüfung \x81 \x9d", True)


def test_nul_and_control_characters_survive() -> None:
    assert decode(b"a\0b\x1b[31m\x85", "cp1252") == ("a\0b\x1b[31m…", False)


@given(raw=st.binary(max_size=200), code_page=st.sampled_from(["cp1252", "cp932", "cp936", "cp1255"]))
def test_decode_never_raises(raw: bytes, code_page: str) -> None:
    text, undecodable = decode(raw, code_page)
    if not undecodable and text.encode() != raw:
        assert text.encode(code_page).decode(code_page) == text
