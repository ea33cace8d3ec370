"""The metric contract: every family that is served, in one table.

The collector, the documentation and the tests are made from it. Names and labels are what dashboards, alerts and other
programs rely on: adding a family is a small change, renaming one or changing its labels is a break.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The type of a family, by its OpenMetrics name."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family.

    Attributes:
        name: as a query writes it: counters end in `_total`, infos in `_info`; a histogram's parts add a suffix.
        kind: its type.
        labels: names of its labels, in the order in which the values are given.
        help: what one sample says, in one sentence.
        notes: what the documentation adds, as Markdown; "" when the sentence says it all.
        budgeted: whether its labels take values from the logs, so that only a budget bounds the number of series.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    notes: str = ""
    budgeted: bool = False

    @property
    def sample_names(self) -> tuple[str, ...]:
        """Names that the samples of this family carry."""
        if self.kind is Kind.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
        return (self.name,)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Families that the documentation describes together."""

    title: str
    text: str
    families: tuple[Family, ...]


def _gauge(name: str, labels: str, text: str, notes: str = "", *, budgeted: bool = False) -> Family:
    return Family(name, Kind.GAUGE, tuple(labels.split()), text, notes, budgeted)


def _counter(name: str, labels: str, text: str, notes: str = "", *, budgeted: bool = False) -> Family:
    return Family(name, Kind.COUNTER, tuple(labels.split()), text, notes, budgeted)


CHAPTERS = (
    Chapter(
        "Task sequences",
        "A task sequence is blocked at a site when the latest attempt there to store its definition failed at the "
        "program step. It stays so until a later attempt goes through, the site says that it was created or updated, "
        "or it is deleted: never because time has passed.",
        (
            _gauge(
                "configmgr_task_sequence_blocked",
                "site task_sequence package program source_site",
                "1 while the task sequence cannot be stored at the site because this program of this package is "
                "missing there.",
                "`package` and `program` name what is *missing*; `source_site` is the site that owns that package: "
                "look for the cause there. All three are empty when the log only said that the step failed. A task "
                "sequence has one series for each missing reference that its latest attempt named.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_task_sequence_blocked_since_timestamp_seconds",
                "site task_sequence",
                "Log time of the first failing attempt of the present block.",
                "Absent when the log lines carry no usable time.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_task_sequence_last_attempt_timestamp_seconds",
                "site task_sequence",
                "Log time of the latest failing attempt of the present block.",
                "Distribution Manager tries again when its inbox changes, and about hourly on a quiet site: an old "
                "value is not a sign of recovery.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_site_blocked_task_sequences",
                "site",
                "How many task sequences are blocked at the site now.",
                "Complete even when `configmgr_task_sequence_blocked` has outgrown its budget.",
            ),
            _gauge(
                "configmgr_site_missing_program_references",
                "site",
                "How many programs blocked task sequences at the site are waiting for now.",
            ),
            _gauge(
                "configmgr_missing_program_reference_task_sequences",
                "site package program source_site",
                "How many task sequences at the site wait for this program of this package.",
                "The worst culprit of a whole hierarchy is\n"
                "`topk(1, sum by (package, program) (configmgr_missing_program_reference_task_sequences))`.",
                budgeted=True,
            ),
            _counter(
                "configmgr_program_reference_failures_total",
                "site package",
                "Failed attempts to store a program because this package, to which it refers, is missing.",
                "The rate measures how often the site tries, not how bad the block is.",
                budgeted=True,
            ),
            Family(
                "configmgr_task_sequence_block_duration_seconds",
                Kind.HISTOGRAM,
                ("site",),
                "How long blocks lasted that have ended, by log time.",
            ),
            _counter(
                "configmgr_incoming_definitions_total",
                "site outcome",
                "Attempts to work on an incoming definition file, by how they ended.",
                "`applied`: stored; `blocked`: a program is missing; `failed`: another error; `skipped`: not wanted, "
                "such as one that is older than what is stored; `unknown`: the log does not show its end.",
            ),
        ),
    ),
    Chapter(
        "Packages",
        "`package` is always the package that the family speaks of, so that families join on it across sites. The "
        "owner of a package is the site named by the first three characters of its ID.",
        (
            _gauge(
                "configmgr_package_definition_version",
                "site package",
                "Version of the package's definition that the site's logs last told.",
                "Drift between sites is one subtraction:\n"
                "`max by (package) (configmgr_package_definition_version) - on (package) group_right () "
                "configmgr_package_definition_version`.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_content_version",
                "site package",
                "Version of the package's content that is stored at the site.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_source_version",
                "site package",
                "Version of the package's source, as the site knows it.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_waiting",
                "site package from_site reason",
                "1 while the site waits for content of this package that is late.",
                "`from_site` is empty when the line does not name it. Reasons: `contents_not_arrived`, "
                "`compressed_files_not_arrived`, `newer_version_required`. On 2012 and Current Branch this is what "
                "blocks.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_waiting_since_timestamp_seconds",
                "site package from_site reason",
                "Log time of the first line that told this content of this package to be late.",
                "Absent when the log lines carry no usable time.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_source_error",
                "site package reason source_path",
                "1 while the site that owns this package cannot read its source.",
                "Reasons: `source_path_inaccessible`, `snapshot_failed`, `compression_failed`.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_source_error_since_timestamp_seconds",
                "site package reason",
                "Log time of the first failing attempt to read this source.",
                "Absent when the log lines carry no usable time.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_package_source_win32_error",
                "site package reason",
                "Win32 error code with which the latest attempt to read this source failed.",
                "The code itself, such as 5 (access is denied). Absent when the lines give none.",
                budgeted=True,
            ),
            Family(
                "configmgr_package_info",
                Kind.INFO,
                ("site", "package", "name"),
                "Name of a package or task sequence, as a status message at the site told it; always 1.",
                "Join it to show names:\n"
                "`configmgr_package_waiting * on (site, package) group_left (name) configmgr_package_info`.",
                budgeted=True,
            ),
            _counter(
                "configmgr_package_processing_total",
                "site outcome",
                "Package processing threads, by how they ended.",
                "`succeeded`, `failed`; `waiting`: content had not arrived; `ended`: without a word of success or "
                "failure; `unknown`: the log does not show its end.",
            ),
            _counter(
                "configmgr_status_messages_total",
                "site component message_id severity",
                "Status messages that components of the site wrote to their logs.",
                "`severity` is `info`, `warning` or `error`.",
                budgeted=True,
            ),
            _counter(
                "configmgr_user_messages_total",
                "site log template",
                "Lines that a template of the configuration file knows.",
                "Your own messages: see `templates` in the configuration. A series exists from the first such line on.",
                budgeted=True,
            ),
            _counter(
                "configmgr_site_dropped_entries_total",
                "site kind",
                "Things that the logs told and that the state of the site had no room for.",
                "Each kind of thing has a budget, so that a log cannot make the exporter grow without end.",
                budgeted=True,
            ),
        ),
    ),
    Chapter(
        "Transport between sites",
        "What the logs of scheduler, sender, despooler, replication manager and package transfer manager tell. A site "
        "or distribution point that the line does not name is an empty label.",
        (
            _gauge(
                "configmgr_transport_trouble",
                "site trouble peer_site package",
                "1 or more while packages are held up: between the site and its peer, at the site, or on the way to "
                "its distribution points.",
                "`site_not_active`, `no_address`, `no_request_id`, `scheduler_stopped`: the scheduler does not send. "
                "`put_aside`, `connection_failed`: the sender cannot connect. `despooler_retry`, "
                "`content_before_definition`, `instruction_lost`: the despooler cannot work on what came. "
                "`definition_refused`, `content_not_unpacked`: the site cannot take the package. "
                "`distribution_point_unreachable`, `transfer_failed`: content does not get to a distribution point. "
                "[More on each](troubles.md). The value is the number of jobs, or of distribution points. `package` is "
                "empty when all are held up, or the line does not say.",
                budgeted=True,
            ),
            _counter(
                "configmgr_sender_requests_total",
                "site destination_site outcome",
                "Send requests, by what the sender did with them.",
                "Each is `taken` first, then `completed` or `failed`; a failed one is taken again later.",
                budgeted=True,
            ),
            _counter(
                "configmgr_sender_sent_bytes_total",
                "site destination_site",
                "Bytes that the sender wrote to the destination site.",
                budgeted=True,
            ),
            Family(
                "configmgr_sender_send_duration_seconds",
                Kind.HISTOGRAM,
                ("site", "destination_site"),
                "How long the sender took from taking a request to its end.",
                budgeted=True,
            ),
            _counter(
                "configmgr_sender_connection_failures_total",
                "site destination_site win32_error",
                "Attempts to reach the destination site that failed, by Win32 error.",
                budgeted=True,
            ),
            _counter(
                "configmgr_sender_put_aside_total",
                "site destination_site",
                "Times that the sender put the destination site aside for an hour.",
                budgeted=True,
            ),
            _counter(
                "configmgr_scheduler_requests_total",
                "site destination_site outcome",
                "Send requests, by what the scheduler saw of them.",
                "Each is `created` first, then `completed`.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_scheduler_open_requests",
                "site destination_site state",
                "Send requests that are not completed, by the state that the scheduler listed last.",
                "`unknown` when it has not listed them.",
                budgeted=True,
            ),
            _counter(
                "configmgr_scheduler_jobs_dropped_total",
                "site destination_site reason",
                "Jobs that the scheduler gave up; what was in them is not sent again by itself.",
                "Reasons as the troubles of `configmgr_transport_trouble`.",
                budgeted=True,
            ),
            _counter(
                "configmgr_despooler_instructions_total",
                "site source_site outcome",
                "Instructions from the source site, by what the despooler made of them.",
                "`executed`, `failed`, or put off to be `retried`.",
                budgeted=True,
            ),
            _counter(
                "configmgr_despooler_thread_waits_total",
                "site",
                "Times that the despooler had no free thread.",
            ),
            _counter(
                "configmgr_replication_manager_files_total",
                "site outcome",
                "Replication files, by what the replication manager did with them.",
                "`found` counts all; `discarded` those that it threw away.",
            ),
            _counter(
                "configmgr_package_transfer_attempts_total",
                "site distribution_point outcome",
                "Transfers of packages to a distribution point, pushed or pulled.",
                "`started`, then `completed` or `failed`; `postponed` when the point cannot be served now.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_component_threads",
                "site component destination_site",
                "Threads of the component in use, as its log told last.",
                "`destination_site` is empty but for the sender.",
                budgeted=True,
            ),
            _gauge(
                "configmgr_component_threads_limit",
                "site component destination_site",
                "Threads that the component may use, as its log told last.",
                "`configmgr_component_threads / configmgr_component_threads_limit` at 1 for long means that it is the "
                "bottleneck.",
                budgeted=True,
            ),
        ),
    ),
    Chapter(
        "Logs",
        "How well each log is read. `log` is its name without folder and suffix, such as `distmgr`. Counts run over "
        "all the files that the log has rolled through, and go on after a restart of the exporter.",
        (
            _gauge(
                "configmgr_log_up",
                "site log",
                "1 when the latest attempt to read the log went well, else 0.",
            ),
            _gauge("configmgr_log_size_bytes", "site log", "Size of the log's current file."),
            _gauge(
                "configmgr_log_position_bytes",
                "site log",
                "Bytes of the log's current file that have been read and acted on.",
                "The lag is `configmgr_log_size_bytes - configmgr_log_position_bytes`.",
            ),
            _gauge(
                "configmgr_log_last_record_timestamp_seconds",
                "site log",
                "Log time of the latest record that was read.",
                "Absent until a record with a usable time has been read.",
            ),
            _gauge(
                "configmgr_log_read_delay_seconds",
                "site log",
                "Time from the stamp of the latest record to its reading.",
                "About the poll interval while a log is followed; more while the exporter catches up or the server's "
                "clock is behind this machine's; negative when it is ahead.",
            ),
            _counter("configmgr_log_lines_total", "site log", "Lines that were read."),
            _counter("configmgr_log_events_total", "site log", "Lines whose meaning the catalogue knows."),
            _counter(
                "configmgr_log_unmatched_suspicious_lines_total",
                "site log",
                "Lines with a word of failure, from a component that the catalogue knows, that no template matches.",
                "A rise after an upgrade of Configuration Manager hints at a new wording.",
            ),
            _counter(
                "configmgr_log_stampless_lines_total",
                "site log",
                "Lines without time and component in a file whose other lines carry them.",
            ),
            _counter(
                "configmgr_log_undecodable_lines_total",
                "site log",
                "Lines that are valid neither as UTF-8 nor in the configured code page.",
            ),
            _counter(
                "configmgr_log_overlong_records_total",
                "site log",
                "Records so long that only their start and end were kept.",
            ),
            _counter(
                "configmgr_log_template_timeouts_total",
                "site log",
                "Lines on which a template of the configuration file ran out of time.",
                "A template to which that happens again and again is switched off until the next start or reload.",
            ),
            _counter("configmgr_log_rollovers_total", "site log", "Times that the log rolled over to a new file."),
            _counter(
                "configmgr_log_gaps_total",
                "site log reason",
                "Times that lines were lost before they were read.",
                "What such lines said is not known: a block that began or ended in them is not seen until the next "
                "attempt. `rolled_twice`: the log rolled more than once while it was not read; `truncated`, `deleted`, "
                "`replaced`: somebody did that to the file; `unreadable`: a part of it could not be read and was "
                "passed over.",
            ),
            _gauge(
                "configmgr_log_last_gap_timestamp_seconds",
                "site log",
                "When a loss of lines was last noticed.",
                "Absent when none was.",
            ),
            _counter(
                "configmgr_log_read_errors_total",
                "site log reason",
                "Failed attempts to read the log, by the name of the system's error.",
                "`ENOENT`: it is not there; `EACCES`: no permission; `EIO`: the disk or the share failed.",
            ),
            _counter(
                "configmgr_log_sharing_violations_total",
                "site log",
                "Attempts to read the log that were put off because another process held it.",
            ),
        ),
    ),
    Chapter(
        "The exporter itself",
        "",
        (
            Family(
                "configmgr_exporter_build_info",
                Kind.INFO,
                ("version", "python_version"),
                "Version of the exporter and of the Python that runs it; always 1.",
            ),
            _gauge(
                "configmgr_exporter_config_last_reload_successful",
                "",
                "1 when the configuration, and the web configuration if there is one, were last read without an error, "
                "else 0.",
            ),
            _gauge(
                "configmgr_exporter_config_last_reload_success_timestamp_seconds",
                "",
                "When the configuration was last read without an error.",
            ),
            _gauge(
                "configmgr_exporter_checkpoint_last_save_successful",
                "",
                "1 when the state was last saved without an error, else 0.",
                "Absent when no state directory is used.",
            ),
            _gauge(
                "configmgr_exporter_checkpoint_last_success_timestamp_seconds",
                "",
                "When the state was last saved without an error.",
            ),
            _counter(
                "configmgr_exporter_checkpoint_failures_total",
                "",
                "Failed attempts to save the state.",
            ),
            _gauge(
                "configmgr_exporter_textfile_last_write_successful",
                "",
                "1 when the metrics were last written to the textfile without an error, else 0.",
                "Absent without `--textfile.directory`. A file that cannot be replaced keeps the old value: watch its "
                "age, `node_textfile_mtime_seconds`, too.",
            ),
            _counter("configmgr_exporter_scans_total", "", "Passes over all logs since the exporter started."),
            _counter(
                "configmgr_exporter_scan_seconds_total",
                "",
                "Time spent reading logs and acting on them since the exporter started.",
            ),
            _gauge(
                "configmgr_exporter_last_scan_timestamp_seconds",
                "",
                "When the latest pass over all logs ended.",
                "Absent before the first pass is done.",
            ),
            _counter(
                "configmgr_exporter_faults_total",
                "",
                "Times that reading a site's logs failed in a way that was not foreseen.",
                "A fault of the exporter: its own log holds the details. Other sites go on.",
            ),
            _gauge(
                "configmgr_exporter_dropped_series",
                "family",
                "Series of the family that are left out now because its budget is used up.",
                "The oldest series are kept, and a large site takes no series from small ones. `configmgr_site_*` "
                "counts stay complete.",
            ),
        ),
    ),
    Chapter(
        "The exporter's process",
        "As every exporter names them. Only on Linux.",
        (
            _counter(
                "process_cpu_seconds_total", "", "Processor time that the process has used, in user and system mode."
            ),
            _gauge("process_resident_memory_bytes", "", "Memory of the process that is in RAM."),
            _gauge("process_virtual_memory_bytes", "", "Address space of the process."),
            _gauge("process_start_time_seconds", "", "When the process started."),
            _gauge("process_open_fds", "", "Files and connections that the process has open."),
            _gauge("process_max_fds", "", "Files and connections that the process may have open."),
        ),
    ),
)

FAMILIES: tuple[Family, ...] = tuple(family for chapter in CHAPTERS for family in chapter.families)
PROCESS_FAMILIES = tuple(family.name for family in FAMILIES if family.name.startswith("process_"))
DROPPED = next(family for family in FAMILIES if family.name == "configmgr_exporter_dropped_series")
