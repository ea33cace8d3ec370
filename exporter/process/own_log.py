"""Our own log lines, to standard error: for people as logfmt, for programs as JSON."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

LEVELS: Final = ("debug", "info", "warn", "error")
FORMATS: Final = ("logfmt", "json")


class _Formatter(logging.Formatter):
    def fields(self, record: logging.LogRecord) -> dict[str, str]:
        level = {"WARNING": "warn", "CRITICAL": "error"}.get(record.levelname, record.levelname.lower())
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        found = {"ts": moment.replace("+00:00", "Z"), "level": level, "source": record.name, "msg": record.getMessage()}
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        return found


class _Logfmt(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in self.fields(record).items())


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), ensure_ascii=False)


def _quoted(value: str) -> str:
    # JSON's quoting escapes line breaks and control characters, which a path or a log line may hold.
    return value if value and all(c.isalnum() or c in "-_.:/" for c in value) else json.dumps(value)


def start_logging(level: str, form: str) -> None:
    """Send log lines of this level and above to standard error.

    Args:
        level: one of `LEVELS`.
        form: one of `FORMATS`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Logfmt())
    send_log(level, handler)


def send_log(level: str, handler: logging.Handler) -> None:
    """Send log lines of this level of `LEVELS` and above to one handler, and to no other."""
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("exporter").setLevel({"warn": "WARNING"}.get(level, level.upper()))
