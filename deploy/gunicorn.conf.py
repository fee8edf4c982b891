"""How the server runs: `attendance serve` uses this file, and so does the systemd unit. Settings: ATTENDANCE_*."""

import resource
from pathlib import Path
from typing import Any

from attendance.config import load_settings
from attendance.errors import AttendanceError
from attendance.eventlog import open_log
from attendance.web.app import leave, reload_registry

try:
    settings = load_settings()
except AttendanceError as error:
    raise SystemExit(str(error)) from None
open_log(settings.log_dir)

# What is served; a registry that cannot be used is told by line, and ends the start.
wsgi_app = "attendance.web.worker:load_app()"

# Where: ATTENDANCE_HOST and ATTENDANCE_PORT, an IPv6 address in brackets.
bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"

# So many processes (ATTENDANCE_WORKERS), each of which serves all its connections in one event loop.
workers = settings.workers

# The worker bounds heads and slow requests, and leaves with its master: docs/decisions/0004-worker-class.md.
worker_class = "attendance.web.worker.AttendanceWorker"

# The master loads the registry and forks: so all workers have the same one, also those that are started later.
preload_app = True

# A worker whose event loop stands still for so long is killed and replaced.
timeout = 30

# A stop answers every mark that was accepted, and is over within ten seconds: workers end 2 s before they are killed.
graceful_timeout = 8

# A phone marks once and goes: idle connections are not kept for long.
keepalive = 5

# A morning rush may queue here while all workers are busy.
backlog = 2048

# The heartbeat must not wait for the disk that the marks wait for.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn makes a private file in it

# One log for everything, one event per line.
logger_class = "attendance.web.worker.EventLogger"

# No second way into the server.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Allow as many open files as the system does: a site takes two, a connection one."""
    del server
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def on_reload(server: Any) -> None:
    """SIGHUP: the master reads the registry again, before it forks the new workers; a broken file changes nothing."""
    reload_registry(server.app.wsgi())


def on_exit(server: Any) -> None:
    """All workers are gone: another machine or container may take over at once."""
    if server.app.callable is not None:  # else nothing was ever served
        leave(server.app.wsgi())
