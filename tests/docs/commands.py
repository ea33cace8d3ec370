"""The commands in the fenced blocks of the documents, and which of them are not run, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.docs.fences import PAGES, ROOT, Fence, fences

SHELLS: Final = {"sh", "bash"}
_HEREDOC: Final = re.compile(r"<<'?(\w+)'?$")
_IN_TABLE: Final = re.compile(r"^\|[^|]+\| `(configmgr-exporter [^`]+)` \|$", re.MULTILINE)

ITSELF: Final = "runs the tests, of which this is one"
NO_SYSTEMD: Final = "no service manager runs in a clean root; tests/install looks at the unit"
BUILT: Final = "no Docker where the tests run; tests/install builds and runs the image by podman and reads compose.yaml"
LONG: Final = "takes minutes and measures nothing well on a busy machine; tests/bench runs every benchmark small"
EXCERPT: Final = "stands for a longer command line of the reader's own"

NOT_RUN: Final = {
    ("CONTRIBUTING.md", "./dev test"): ITSELF,
    ("README.md", "./dev test"): ITSELF,
    ("README.md", "configmgr-exporter service install"): "for Windows; tests/windows/test_windows_service.py runs it",
    ("docs/install-linux.md", "systemctl daemon-reload"): NO_SYSTEMD,
    ("docs/install-linux.md", "systemctl enable --now configmgr-exporter"): NO_SYSTEMD,
    ("docs/containers.md", "docker build"): BUILT,
    ("docs/containers.md", "docker run"): BUILT,
    ("docs/containers.md", "docker compose"): BUILT,
    ("docs/performance.md", "./dev bench"): LONG,
    ("docs/prometheus.md", "./dev drill"): "tests/alerts/drill/test_run.py runs it",
    ("docs/prometheus.md", "prometheus --query.lookback-delta"): EXCERPT,
}
"""By page and how the command begins. Every entry must still be needed."""


NO_POWERSHELL: Final = (
    "no PowerShell where the tests run; tests/docs/test_invocations.py looks at its calls of the program"
)
WINDOWS_PATHS: Final = "names paths of Windows; tests/docs/test_invocations.py looks at it"
NOT_SHELL: Final = {
    ("docs/faq.md", "powershell"): NO_POWERSHELL,
    ("docs/how-to-read-a-blocked-task-sequence.md", "console"): WINDOWS_PATHS,
    ("docs/install.md", "powershell"): NO_POWERSHELL,
    ("docs/install-windows.md", "powershell"): NO_POWERSHELL,
}
"""By page and language: blocks that are typed, and not into the shell of a Debian."""
TYPED: Final = {"bat", "cmd", "console", "powershell", "ps1", "shell", "zsh"}


@dataclass(frozen=True, slots=True)
class Command:
    """What a reader types in one go.

    Attributes:
        page: where it stands.
        text: with its continued lines and its here-document, without a comment.
    """

    page: str
    text: str

    @property
    def excuse(self) -> tuple[str, str] | None:
        """The entry of `NOT_RUN` that says why it is not run."""
        return next((key for key in NOT_RUN if key[0] == self.page and self.text.startswith(key[1])), None)


def commands() -> Iterator[Command]:
    """Find all of them, the quick start first: the other pages go on from there. The README has a table of them too."""
    first = ROOT / "docs" / "quick-start.md"
    for page in [first, *(page for page in PAGES if page != first)]:
        for fence in fences(page):
            if fence.language in SHELLS:
                yield from split(fence)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    yield from (Command("README.md", text) for text in _IN_TABLE.findall(readme))


def split(fence: Fence) -> Iterator[Command]:
    """Take a block apart into what is typed in one go."""
    lines = iter(fence.text.splitlines())
    for line in lines:
        typed = [line]
        while typed[-1].endswith("\\"):
            typed.append(next(lines))
        heredoc = _HEREDOC.search(line)
        while heredoc and typed[-1] != heredoc[1]:
            typed.append(next(lines))
        text = re.sub(r"\s+# .*$", "", "\n".join(typed)) if not heredoc else "\n".join(typed)
        if text.strip() and not text.startswith("#"):
            yield Command(fence.page, text)
