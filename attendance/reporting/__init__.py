"""Own what is told of marks over sites: who is in now, and what days and months were."""

from attendance.reporting.boards import Board, board
from attendance.reporting.days import PersonDay, Reporting
from attendance.reporting.objects import days_object
from attendance.reporting.sources import Sources

__all__ = ["Board", "PersonDay", "Reporting", "Sources", "board", "days_object"]
