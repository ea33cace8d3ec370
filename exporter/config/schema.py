"""The configuration file's keys: the one place that names, types, defaults and describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, ValidationInfo, model_validator

from exporter.config.checking import Section
from exporter.config.values import (
    BUDGETED_FAMILIES,
    BudgetedFamily,
    CodePage,
    Count,
    ExternalUrl,
    FilePath,
    Inventory,
    Link,
    Location,
    LogName,
    PollInterval,
    SiteCode,
    TelemetryPath,
    Zone,
)
from exporter.events.user import UserTemplate, compile_user_template
from exporter.metrics.budget import DEFAULT_BUDGET


class Defaults(Section):
    """What holds for every site that does not say otherwise."""

    zone: Zone | None = Field(
        default=None,
        description="Time zone of the server's clock, by its Windows or its IANA name. Used for stamps that name no "
        "zone, or one in another language than English. Without it, the times of such lines are not known.",
        examples=["Eastern Standard Time", "America/New_York"],
    )
    code_page: CodePage = Field(
        default="cp1252",
        description="The server's ANSI code page, for lines that are not UTF-8.",
        examples=["cp1250", "cp932"],
    )
    poll_interval: PollInterval = Field(
        default=0.5,
        description="How long a line may wait at most before it is read. While lines are being written, a log is "
        "looked at up to eight times as often.",
        examples=["500ms", "15s"],
    )

    credentials: FilePath | None = Field(
        default=None,
        description="File with the account for `smb://` shares, in lines `username=`, `password=` and `domain=`. Only "
        "the account that runs the exporter should be able to read it. Without it, the account is taken from the "
        "environment: see [shares](shares.md).",
        examples=["/etc/configmgr-exporter/smb-credentials"],
    )


class Site(Defaults):
    """One site server whose logs are read. The keys of `defaults` may stand here too."""

    logs: Location = Field(
        description="The site server's `Logs` folder, or a copy of it: a folder, a share as Windows writes it, a URL "
        "for a share read without a mount (needs the `smb` extra), or one log file.",
        examples=[r"C:\Program Files\Microsoft Configuration Manager\Logs", r"\\chi01\SMS_CHI\Logs"],
    )
    site: SiteCode | None = Field(
        default=None,
        description="The three characters of the site code. Without it, the code is looked for in the logs.",
        examples=["CHI"],
    )
    parent: SiteCode | None = Field(
        default=None,
        description="Site code of the parent. Without it, the tree of sites is inferred from who sends to whom.",
        examples=["CEN"],
    )

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: Any, info: ValidationInfo) -> Any:  # noqa: ANN401  # anything may stand in a file
        defaults: Mapping[str, Any] = info.context["defaults"] if info.context else {}
        return {**defaults, **data} if isinstance(data, dict) else data


class Template(Section):
    """A message of your own, for lines that the catalogue does not know. Write either `text` or `pattern`."""

    name: str = Field(
        description="Small letters, digits and underscores. The events are called `user:` and this name.",
        examples=["backup_failed"],
    )
    text: str = Field(
        default="",
        description="The line as the log words it, with typed placeholders as in the catalogue: see "
        "[adding a message](adding-a-message.md).",
        examples=["Backup of {path:file} failed, error = {int:error}"],
    )
    pattern: str = Field(
        default="",
        description="A regular expression that is searched for in the message; its named groups are the fields. One "
        "that keeps taking too long is switched off.",
        examples=[r"Backup of (?P<file>\S+) failed"],
    )
    log: LogName = Field(
        default="", description="The log that it is for, without suffix; without it, any.", examples=["distmgr"]
    )
    component: str = Field(
        default="",
        description="The component that it is for; without it, any.",
        examples=["SMS_DISTRIBUTION_MANAGER"],
    )
    kind: str = Field(default="", description="What the message says, in a word for the pages.", examples=["error"])

    @property
    def source(self) -> UserTemplate:
        """The template as the catalogue takes it."""
        return UserTemplate(**self.model_dump())

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        compile_user_template(self.source)
        return self


class Web(Section):
    """The HTTP server. Where it listens, and its certificates and users, are options of the `run` command."""

    telemetry_path: TelemetryPath = Field(default="/metrics", description="Path under which the metrics are served.")
    external_url: ExternalUrl | None = Field(
        default=None,
        description="Address under which people reach the pages. Its path is the prefix of every route, unless "
        "`--web.route-prefix` says otherwise. The option `--web.external-url` goes before it.",
        examples=["https://monitoring.example/configmgr"],
    )
    links: Mapping[str, Link] = Field(
        default_factory=dict,
        description="Links to pages elsewhere, such as dashboards, by the words that are shown. Quote each address.",
        examples=["{Grafana: 'https://grafana.example/d/configmgr-site?var-site={site}'}"],
    )


class Limits(Section):
    """What bounds the size of what is served."""

    series_per_family: Count = Field(
        default=DEFAULT_BUDGET,
        description="How many series a metric family may have whose labels take values from the logs. Those that do "
        "not fit are left out and counted in `configmgr_exporter_dropped_series`.",
    )
    families: Mapping[BudgetedFamily, Count] = Field(
        default_factory=dict,
        description="Another limit for single families, by their names.",
        examples=["{configmgr_package_info: 50000}"],
    )

    @property
    def budgets(self) -> Mapping[str, int]:
        """The limit of every family that needs one, by its name."""
        return {name: self.families.get(name, self.series_per_family) for name in BUDGETED_FAMILIES}


class Config(Section):
    """The configuration file."""

    sites: tuple[Site, ...] = Field(
        default=(),
        description="The site servers whose logs are read. Without any, they are named on the command line.",
    )
    defaults: Defaults = Field(default=Defaults(), description="What holds for every site that does not say otherwise.")
    state_dir: FilePath | None = Field(
        default=None,
        description="Folder for what must outlive a restart. The option `--state.dir` goes before it.",
        examples=["/var/lib/configmgr-exporter"],
    )
    inventory: Inventory = Field(
        default_factory=dict,
        description="File with the names of packages, shown beside their IDs: a CSV export with the columns "
        "`Package ID` and `Name`, or YAML lines such as `CEN0000E: Office 2007`.",
        examples=["packages.csv"],
    )
    templates: tuple[Template, ...] = Field(
        default=(),
        description="Messages of your own.",
    )
    web: Web = Field(default=Web(), description="The HTTP server.")
    limits: Limits = Field(default=Limits(), description="What bounds the size of what is served.")
