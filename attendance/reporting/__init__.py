"""Own what is told of marks over sites: who is in now, and what days and months were."""

from attendance.reporting.boards import Board, board
from attendance.reporting.days import Reporting
from attendance.reporting.objects import days_object

__all__ = ["Board", "Reporting", "board", "days_object"]
