"""Every command in the documents is typed, word for word, by somebody with nothing but a fresh Debian and a checkout.

The quick start comes first and leads from nothing to a firing alert. The other pages go on from there, with logs of the
simulated hierarchy where theirs would be.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.cleanroot import CleanRoot, FailedError, clean_root
from tests.docs.commands import NOT_RUN, NOT_SHELL, TYPED, Command, commands
from tests.docs.fences import PAGES, ROOT, fences
from tests.test_project import tracked_files
from tests.waiting import until

CHECKOUT = "/root/configmgr-exporter"
SERVERS = {"configmgr-exporter run": "Listening on http", "prometheus --config.file": "Server is ready"}
"""Commands that stay, and what they say when they have come up."""
FINDS = ("./dev explain", "configmgr-exporter explain", "configmgr-exporter stuck")
"""Commands that end with 1 when something is stuck, as it is here."""
CONFIGURATION = "sites:\n  - {site: CHI, logs: /mnt/chi/Logs}\n  - {site: CEN, logs: /mnt/cen/Logs}\n"


def test_commands_that_are_not_run_are_there() -> None:
    """Or the list would grow old and hide a new one."""
    assert {command.excuse for command in commands()} - {None} == set(NOT_RUN)


def test_tests_that_the_reasons_name_are_there() -> None:
    named = {
        name for reason in [*NOT_RUN.values(), *NOT_SHELL.values()] for name in re.findall(r"tests/[\w./]+", reason)
    }
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_blocks_of_other_shells_are_listed() -> None:
    typed = {(fence.page, fence.language) for page in PAGES for fence in fences(page) if fence.language in TYPED}
    assert typed == set(NOT_SHELL)


def test_every_command_does_what_its_page_says(tmp_path: Path) -> None:
    typed = [command for command in commands() if command.excuse is None]
    started = [command for command in typed if command.page == "docs/quick-start.md"]
    with clean_root(tmp_path / "root") as root, ExitStack() as serving:
        check_out(root)
        said = follow(root, started, serving)
        assert "3 task sequences stuck at 3 sites because of 1 missing program" in said["./dev explain"]
        assert said["curl"].count("\nconfigmgr_task_sequence_blocked{") >= 8
        assert said["promtool query"].count("ALERTS{") == 1
        assert 'package="CEN00012"' in said["promtool query"]
        assert "CEN00012" in said["configmgr-exporter stuck"]
        serving.close()
        furnish(root, serving)
        done = {step.text for step in started}  # a page may say again what has been typed already
        failed = list(failures(root, [command for command in typed if command.text not in done]))
    assert not failed, "\n\n".join(failed)


def check_out(root: CleanRoot) -> None:
    for path in tracked_files():
        target = root.path / CHECKOUT.lstrip("/") / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def follow(root: CleanRoot, steps: list[Command], serving: ExitStack) -> dict[str, str]:
    """Do what the quick start says; return what its commands said, by how they begin."""
    awaited = {
        "curl": "configmgr_task_sequence_blocked{",
        "promtool query": 'alertstate="firing"',
        "configmgr-exporter stuck": "CEN00012",
    }
    said = {}
    for step in steps:
        begins = next((words for words in awaited if step.text.startswith(words)), step.text)
        if step.text.startswith(tuple(SERVERS)):
            serving.enter_context(root.serving(step.text, folder=CHECKOUT))
        elif begins in awaited:
            said[begins] = answer(root, step.text, awaited[begins])
        else:
            said[begins] = type_in(root, step.text)
    return said


def answer(root: CleanRoot, command: str, awaited: str) -> str:
    """Type a command again until it answers what is awaited, as one does who was told that it takes a moment."""
    said = ""

    def answers() -> bool:
        nonlocal said
        try:
            said = "\n" + type_in(root, command, network=False)
        except FailedError as error:
            said = str(error)
        return awaited in said

    until(answers, seconds=120)
    return said


def type_in(root: CleanRoot, text: str, *, network: bool = True) -> str:
    path = f"PATH={CHECKOUT}/.venv/bin:$PATH\n"  # for `python -m`, in a checkout that has been set up
    statuses = (0, 1) if text.startswith(FINDS) else (0,)
    return root.run(path + text, folder=CHECKOUT, network=network, statuses=statuses).stdout


def furnish(root: CleanRoot, serving: ExitStack) -> None:
    """Put there what the pages speak of: logs, configuration, and three servers."""
    root.run("apt-get install --yes --no-install-recommends jq prometheus-alertmanager")
    for site, places in {"CHI": ("mnt", "archive"), "CEN": ("mnt",), "LON": ("archive",)}.items():
        for place in places:
            logs = root.path / "tmp" / "hierarchy" / f"SMS_{site}" / "Logs"
            shutil.copytree(logs, root.path / place / site.lower() / "Logs")
    (root.path / CHECKOUT[1:] / "config.yml").write_text(CONFIGURATION, encoding="utf-8")
    (root.path / "var/lib/prometheus/node-exporter").mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "alerts" / "thresholds.yml", root.path / CHECKOUT[1:] / "my.yml")
    alertmanager = "prometheus-alertmanager --config.file=alerts/alertmanager.yml --storage.path=/tmp/alertmanager"
    serving.enter_context(root.serving(f"{alertmanager} --cluster.listen-address=", folder=CHECKOUT))
    serving.enter_context(root.serving("configmgr-exporter run /mnt"))
    prometheus = "prometheus --config.file=/tmp/prometheus/prometheus.yml --storage.tsdb.path=/tmp/prometheus/other"
    serving.enter_context(root.serving(prometheus))
    with (root.path / "etc" / "hosts").open("a", encoding="ascii") as hosts:
        hosts.write("127.0.0.1 prometheus\n")
    shutil.copy(root.path / "mnt" / "chi" / "Logs" / "distmgr.log", root.path / CHECKOUT[1:])
    for port in (9090, 9093, 10048):
        answer(root, f"curl --silent --fail localhost:{port}/-/ready && echo up", "up")
    answer(root, "promtool query instant http://localhost:9090 configmgr_site_blocked_task_sequences", "CHI")


def failures(root: CleanRoot, typed: list[Command]) -> Iterator[str]:
    for command in typed:
        try:
            server = next((words for words in SERVERS if command.text.startswith(words)), None)
            if server:
                come_up(root, command.text, SERVERS[server])
            else:
                type_in(root, command.text, network=needs_network(command.text))
        except (FailedError, AssertionError) as error:
            yield f"{command.page}: {error}"


def needs_network(text: str) -> bool:
    return " install " in text or text.startswith("apt-get")


def come_up(root: CleanRoot, text: str, awaited: str) -> None:
    """Start a server on a port of its own, for that of the page is taken, and see it come up."""
    port = " --web.listen-address=localhost:0"
    with root.serving(f"timeout 120 {text}{port}", folder=CHECKOUT) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if awaited in line:
                return
    raise AssertionError(f"it ended:\n{text}\n{''.join(said)}")
