from pathlib import Path

import pytest

from exporter.config.inventory import read_inventory
from exporter.config.located_yaml import FileError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def refusal(path: Path) -> list[str]:
    with pytest.raises(FileError) as caught:
        read_inventory(path)
    return [str(problem).removeprefix(f"{path}") for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "Package ID,Name\r\nCEN0000E,Office 2007\r\ncen0000f,7-Zip\r\n",
        "PackageID;Version;Name\nCEN0000E;3;Office 2007\n\nCEN0000F;;7-Zip\n",
        "Name\tPackage\n Office 2007 \tCEN0000E\n7-Zip\tCEN0000F\n",
        (
            '#TYPE Selected.System.Management.ManagementObject\r\n"Name","PackageID"\r\n"Office 2007","CEN0000E"\r\n'
            '"7-Zip","CEN0000F"\r\n'
        ),
        'id,name\n"CEN0000E","Office 2007"\nCEN0000F,7-Zip\nCEN0000F,7-Zip\n',
    ],
)
def test_csv_of_any_export(folder: Path, text: str) -> None:
    assert read_inventory(write(folder, "p.CSV", text)) == {"CEN0000E": "Office 2007", "CEN0000F": "7-Zip"}


def test_lines_are_counted_from_the_top_of_the_file(folder: Path) -> None:
    assert refusal(write(folder, "p.csv", "#TYPE X\nPackageID,Name\nCEN0000E,Office\nCEN1,Word\n")) == [
        ":4:1: 'CEN1' is no package ID: a site code and five hexadecimal digits, such as CEN0000E"
    ]


def test_yaml_names_stay_text(folder: Path) -> None:
    path = write(folder, "p.yaml", "CEN0000E: Office 2007\nCEN0000F: 010\n12300001: off\n")
    assert read_inventory(path) == {"CEN0000E": "Office 2007", "CEN0000F": "010", "12300001": "off"}


def test_every_wrong_line_is_told(folder: Path) -> None:
    path = write(folder, "p.csv", "ID,Name\nCEN0000E,Office\nCEN1,Word\n\nCEN0000E,Excel\n,Access\nCEN0000F\n")
    assert refusal(path) == [
        ":3:1: 'CEN1' is no package ID: a site code and five hexadecimal digits, such as CEN0000E",
        ":5:1: CEN0000E has another name further up: 'Office'",
        ":6:1: '' is no package ID: a site code and five hexadecimal digits, such as CEN0000E",
    ]


def test_package_without_a_name_has_none(folder: Path) -> None:
    assert read_inventory(write(folder, "p.csv", "ID,Name\nCEN0000E,\nCEN0000F\n")) == {}


@pytest.mark.parametrize("text", ["", "\n", "a,b\nCEN0000E,Office\n", "Package ID\nCEN0000E\n"])
def test_csv_without_headings_is_refused(folder: Path, text: str) -> None:
    path = write(folder, "p.csv", text)
    assert refusal(path) == [":1:1: the first line must name the columns, among them `Package ID` and `Name`"]


def test_open_quote_is_refused(folder: Path) -> None:
    assert refusal(write(folder, "p.csv", 'ID,Name\nCEN0000E,"Office\n')) == [
        ":2:1: is not CSV: unexpected end of data"
    ]


def test_yaml_that_is_no_list_of_names_is_refused(folder: Path) -> None:
    assert refusal(write(folder, "p.yaml", "- CEN0000E\n")) == [":1:1: must hold lines such as `CEN0000E: Office 2007`"]
    assert refusal(write(folder, "p.yaml", "CEN0000E: [Office]\nCEN0000F:\n")) == [
        ":1:1: CEN0000E: a package's name must stand behind its ID, as text",
        ":2:1: CEN0000F: a package's name must stand behind its ID, as text",
    ]


def test_same_id_twice_in_yaml_is_refused(folder: Path) -> None:
    assert refusal(write(folder, "p.yaml", "CEN0000E: a\nCEN0000E: b\n")) == [
        ":2:1: CEN0000E: the key stands here twice: first in line 1"
    ]
