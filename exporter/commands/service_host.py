"""The program of the Windows service: `run`, started and stopped by the service manager.

Windows waits only 30 seconds for the first word of a new service, and at its own start everything is slow. So what
`run` needs is imported only when the manager has heard of us.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporter.process.supervisor import Supervisor

if sys.platform == "win32":
    from exporter.windows.host import serve

    def main(supervisor: Supervisor) -> None:
        """Run `run` with the arguments of this process."""
        from exporter.commands.run import command  # noqa: PLC0415 - see above

        command.main(sys.argv[1:], prog_name="run", standalone_mode=False, obj=supervisor)

    if __name__ == "__main__":
        serve(main)
