from docs.pictures import IMAGES, explain_picture


def test_the_terminal_picture_shows_what_explain_says_today() -> None:
    assert (IMAGES / "explain.svg").read_text(encoding="utf-8") == explain_picture(), "run: python -m docs.pictures"
