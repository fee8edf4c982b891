"""How the applications beside attendance run: as deploy/gunicorn.conf.py says, wherever that costs something."""

import os
from pathlib import Path

bind = f"127.0.0.1:{os.environ['ATTENDANCE_PORT']}"
workers = int(os.environ["ATTENDANCE_WORKERS"])

# The stock worker: uvloop, httptools, and no access log, since gunicorn has none unless it is told where.
worker_class = "uvicorn_worker.UvicornWorker"

preload_app = True
keepalive = 5
backlog = 2048
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn makes a private file in it
control_socket_disable = True
