"""The quick start is followed word for word, by somebody who has nothing but a fresh Debian and a checkout."""

import shutil
from pathlib import Path

from tests.cleanroot import CleanRoot, FailedError, clean_root
from tests.docs.fences import ROOT, fences
from tests.test_project import tracked_files
from tests.waiting import until

CHECKOUT = "/root/configmgr-exporter"


def test_quick_start_leads_from_nothing_to_a_firing_alert(tmp_path: Path) -> None:
    look, install, simulate, run, ask, prepare, prometheus, alert = [
        fence.text for fence in fences(ROOT / "docs" / "quick-start.md")
    ]
    with clean_root(tmp_path / "root") as root:
        check_out(root)
        seen = root.run(look, folder=CHECKOUT).stdout
        assert "3 task sequences stuck at 3 sites because of 1 missing program" in seen
        root.run(install, folder=CHECKOUT)
        root.run(simulate, folder=CHECKOUT, network=False)
        with root.serving(run, folder=CHECKOUT):
            install_tools, scrape = ask.splitlines()
            root.run(install_tools)
            blocked = answer(root, scrape, "configmgr_task_sequence_blocked{")
            assert blocked.count("\nconfigmgr_task_sequence_blocked{") >= 8
            assert "SUCCESS" in root.run(prepare, folder=CHECKOUT).stdout
            with root.serving(prometheus, folder=CHECKOUT):
                query, stuck = alert.splitlines()
                firing = answer(root, query, 'alertstate="firing"')
                assert 'package="CEN00012"' in firing
                assert firing.count("ALERTS{") == 1
                assert "CEN00012" in root.run(stuck, network=False, statuses=(1,)).stdout


def check_out(root: CleanRoot) -> None:
    for path in tracked_files():
        target = root.path / CHECKOUT.lstrip("/") / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def answer(root: CleanRoot, command: str, awaited: str) -> str:
    """Type a command again until it answers what is awaited, as one does who was told that it takes a moment."""
    said = ""

    def answers() -> bool:
        nonlocal said
        try:
            said = "\n" + root.run(command, network=False).stdout
        except FailedError as error:
            said = str(error)
        return awaited in said

    until(answers, seconds=120)
    return said
