"""Own one durable append-only file of lines: one lock, one write, one flush for everybody who waits, and its repair."""

from attendance.appendlog.groupcommit import GroupCommit
from attendance.appendlog.log import AppendLog

__all__ = ["AppendLog", "GroupCommit"]
