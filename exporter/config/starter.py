"""A configuration file to begin with: the sites that were found, and the other keys as comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exporter.places import Place

_HEAD: Final = """\
# Configuration of configmgr-exporter. Every key is described in docs/configuration.md;
# `configmgr-exporter check --config.file FILE` says whether all of it can be used.

# One entry for each site server whose logs are read. A site may have besides:
#   parent: CEN                     its parent site; without it, the tree is inferred from who sends to whom
#   zone: Eastern Standard Time     the zone of its clock, where stamps name none: Windows' or the IANA name
#   code_page: cp1252               its ANSI code page, for lines that are not UTF-8
#   poll_interval: 1s               how often its logs are looked at
sites:
"""

_TAIL: Final = """
# What holds for every site that does not say otherwise.
# defaults:
#   zone: Eastern Standard Time

# Where the state is kept over restarts; the option --state.dir goes before it.
# state_dir: {state_dir}

# Names of packages, shown beside their IDs: a CSV export with the columns `Package ID` and `Name`.
# inventory: packages.csv

# Links on the status pages.
# web:
#   links:
#     Grafana: 'https://grafana.example/d/configmgr-site?var-site={{site}}'
"""


def starter(places: Sequence[Place], state_dir: str) -> str:
    """Return the text of a configuration file.

    Args:
        places: the sites, each with its code.
        state_dir: where such a system usually keeps state.
    """
    sites = "".join(f"  - site: {_quoted(place.site)}\n    logs: {_quoted(place.folder.path)}\n" for place in places)
    return _HEAD + sites + _TAIL.format(state_dir=_quoted(state_dir))


def _quoted(text: str) -> str:
    # Single quotes: a backslash is a backslash there, and a code such as 007 or NO1 is no number and no truth value.
    return "'" + text.replace("'", "''") + "'"
