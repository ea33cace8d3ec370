"""The sites of a hierarchy and the packages that live in it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Era(StrEnum):
    """How package definitions travel, and with which words: `.PKG` files, or SQL replication."""

    CM2007 = "2007"
    CM2012 = "2012"


class Form(StrEnum):
    """How a record stands on disk."""

    NAMED_ZONE = "named_zone"
    BIAS = "bias"
    CCM = "ccm"


@dataclass(frozen=True, slots=True)
class Site:
    """One site server.

    Attributes:
        code: the three-character site code.
        parent: the code of the parent site, or None for the top of the hierarchy.
        zone: Windows name of the server's time zone, as it reads in winter.
        install_dir: where the product is installed, with its drive.
        form: the form of the records on disk; None takes the form of the era.
        code_page: encoding of the logs; the product writes the ANSI code page of the server.
        sql_trace: whether the logs hold the SQL statements too (`SqlEnabled` in the registry).
    """

    code: str
    parent: str | None
    zone: str = "Eastern Standard Time"
    era: Era = Era.CM2007
    install_dir: str = r"D:\SMS"
    form: Form | None = None
    code_page: str = "cp1252"
    sql_trace: bool = False

    @property
    def server(self) -> str:
        """Name of the site server: a NetBIOS name in 2007, a DNS name later."""
        return f"{self.code}SITE" if self.era is Era.CM2007 else f"{self.code}SITE.CONTOSO.COM"

    @property
    def line_form(self) -> Form:
        """The form of the records on disk."""
        if self.form is not None:
            return self.form
        return Form.NAMED_ZONE if self.era is Era.CM2007 else Form.BIAS


class Reference(NamedTuple):
    """A program of a package that a task sequence runs."""

    package: str
    program: str


@dataclass(frozen=True, slots=True)
class Package:
    """A package or a task sequence: the product gives both the same kind of ID.

    Attributes:
        id: the owner's site code and five hexadecimal digits.
        programs: names of its programs; a task sequence has the one program `*`.
        source: the folder its files are read from, or "" when it has no files.
        references: the programs that a task sequence runs, in the order in which they are inserted.
        content_sites: the sites that have a distribution point for its content.
    """

    id: str
    name: str
    programs: tuple[str, ...] = ("*",)
    source: str = ""
    size_kb: int = 0
    references: tuple[Reference, ...] = ()
    content_sites: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The site that owns the package."""
        return self.id[:3]
