"""What is installed beside the exporter may be passed on with it, under its licence, by anybody and for any use."""

import re
from collections.abc import Iterator, Mapping
from importlib import metadata

import pytest
from packaging.licenses import canonicalize_license_expression

from tests.test_project import pins

FREE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0"}
"""Licences that ask for nothing but that their text is passed on too."""
REASONS = {
    "certifi": ("MPL-2.0", "asks for the source of its own files alone, which are passed on as they are"),
    "regex": ("CNRI-Python", "of the oldest parts of Python's own re: free, and named apart for its history"),
}
"""Licences that need a reason, each for one package."""
NOT_HERE = {"pywin32": "PSF-2.0", "sspilib": "MIT"}
"""What is installed on Windows only, as its metadata says there."""
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
}
_WORDS = {"Apache 2.0": "Apache-2.0"}


def licences(package: str) -> set[str]:
    """Tell the licences of a package, all of which hold, by their SPDX names."""
    if package in NOT_HERE:
        return {NOT_HERE[package]}
    about = metadata.distribution(package).metadata.json
    named = about.get("license_expression") or about.get("license") or next(_classified(about), "")
    expression = canonicalize_license_expression(_WORDS.get(str(named), str(named)))
    return {re.sub(r"[()]", "", part).strip() for part in expression.split(" AND ")}


def _classified(about: Mapping[str, str | list[str]]) -> Iterator[str]:
    for classifier in about.get("classifier", ()):
        name = classifier.removeprefix("License :: OSI Approved :: ")
        if name in _CLASSIFIERS:
            yield _CLASSIFIERS[name]


@pytest.mark.parametrize("package", sorted(pins("run")))
def test_licence_lets_it_be_passed_on(package: str) -> None:
    allowed = FREE | {REASONS[package][0]} if package in REASONS else FREE
    for licence in licences(package):
        assert set(licence.split(" OR ")) & allowed, f"{package} is under {licence}"


def test_reasons_are_still_needed() -> None:
    assert {package for package, (licence, _) in REASONS.items() if licence in licences(package)} == set(REASONS)
    assert set(NOT_HERE) <= set(pins("run"))
