"""Own the event log: one event is one line of JSON, in UTC, in a file and on stderr; a full disk never stops a mark."""

import logging
import os
import sys
from contextlib import suppress
from io import FileIO, TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path

import structlog

FILE_NAME = "attendance.log"

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.format_exc_info,
]


class _Dropped:
    """How many lines could not be written by this process."""

    count = 0


class _EventFile(WatchedFileHandler):
    """Append to the file at the path, whichever that is by now: logrotate may move it, and the disk may be full."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it as dropped."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def _open(self) -> TextIOWrapper:
        """Open the file, readable for its owner and group.

        Each line is one write(2): lines of several processes never mix, and nothing that a full disk refused is kept in
        a buffer, where it would stand in the way of the next file.
        """
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return TextIOWrapper(FileIO(descriptor, "a"), self.encoding, write_through=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the standard library's name
        """Count a line that could not be written; the mark it speaks of goes on."""
        del record
        _Dropped.count += 1


def open_log(log_dir: Path, *, to_stderr: bool = True) -> None:
    """Send the events of this process, and what libraries log, to the log file, and to stderr too if that is wanted."""
    with suppress(OSError):  # then every line is counted, until the folder is there
        log_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    file = _EventFile(log_dir / FILE_NAME, encoding="utf-8", delay=True)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr), file]
    renderers: list[structlog.typing.Processor] = [structlog.processors.JSONRenderer(ensure_ascii=True)] * 2
    if sys.stderr.isatty():
        renderers[0] = structlog.dev.ConsoleRenderer()
    for handler, renderer in zip(handlers, renderers, strict=True):
        handler.setFormatter(_formatter(renderer))
    root = logging.getLogger()
    root.handlers = handlers if to_stderr else handlers[1:]
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def count_dropped_line() -> None:
    """Count a line that could not be written to another log of this process."""
    _Dropped.count += 1


def dropped_lines() -> int:
    """Return how many lines this process could not write since it started."""
    return _Dropped.count


def _formatter(renderer: structlog.typing.Processor) -> logging.Formatter:
    """Return a formatter that renders our events and those of libraries alike."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
