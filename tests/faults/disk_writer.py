"""Mark people one group after the other at a site until its disk is gone: a process of its own, which is killed.

Started as `python -m tests.faults.disk_writer SITES_YAML SITE NAME ANSWERS`. It says that it is ready, begins when it
is told to, and writes every row that was acknowledged to ANSWERS after the call had returned.
"""

import os
import sys
from itertools import count
from pathlib import Path

from attendance.clock import utc_now
from attendance.codec import encode
from attendance.errors import LedgerError, StorageBusyError
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Recorded
from attendance.registry import load_registry
from tests.appendlog_kit import ignore

GROUP = 10


def main() -> None:
    """Mark until that is refused, and say why it was."""
    registry_path, site_id, name, answers_path = sys.argv[1:]
    ledger = Ledger(load_registry(Path(registry_path)).resolve(site_id), now=utc_now, report=ignore)
    answers = os.open(answers_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in count():
        requests = [
            MarkRequest(employee_id=f"{name}.{number}.{one}", name="Ana", status="Present") for one in range(GROUP)
        ]
        try:
            outcomes = ledger.record(requests)
        except StorageBusyError:
            continue
        except LedgerError as error:
            sys.exit(f"refused: {error.code}")
        os.write(answers, b"".join(encode(one.mark) for one in outcomes if isinstance(one, Recorded)))


if __name__ == "__main__":
    main()
