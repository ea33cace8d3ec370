"""Nothing is passed on without its licence."""

from pathlib import Path

import pytest

from install.windows.licences import LicenceError, as_text, of_python


def install(python: Path, name: str, licence: str | None) -> None:
    folder = python / "Lib" / "site-packages" / f"{name.replace('-', '_')}-1.0.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n")
    if licence:
        (folder / "licenses" / "LICENSE.md").write_text(licence)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    (tmp_path / "LICENSE.txt").write_text("of Python")
    install(tmp_path, "markdown-it-py", "of markdown")
    return tmp_path


def test_licences_of_all_parts(python: Path) -> None:
    text = as_text(of_python(python))
    assert text.index("markdown-it-py 1.0") < text.index("of markdown") < text.index("of Python")


def test_package_without_a_licence_stops_the_build(python: Path) -> None:
    install(python, "gift", None)
    with pytest.raises(LicenceError, match=r"gift 1\.0: no file of a licence"):
        of_python(python)
