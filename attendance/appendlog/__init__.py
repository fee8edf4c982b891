"""Own one durable append-only file of lines: one lock, one write, one flush for everybody who waits, and its repair."""

from attendance.appendlog.followed import Followed
from attendance.appendlog.groupcommit import GroupCommit
from attendance.appendlog.lease import BEAT_SECONDS
from attendance.appendlog.lines import Lines
from attendance.appendlog.log import LEASED, MAX_APPEND_BYTES, AppendLog
from attendance.appendlog.position import NOWHERE, Position, peek_position
from attendance.appendlog.shadow import Shadow

__all__ = [
    "BEAT_SECONDS",
    "LEASED",
    "MAX_APPEND_BYTES",
    "NOWHERE",
    "AppendLog",
    "Followed",
    "GroupCommit",
    "Lines",
    "Position",
    "Shadow",
    "peek_position",
]
