"""Own what was amended at a site: the file of it, what stands by its rows, and the sheets of closed months."""

from attendance.amendments.file import Amendments, Draft, rows_in
from attendance.amendments.sheets import (
    Difference,
    closed_problem,
    closed_problem_now,
    differences,
    differs,
    encode_sheet,
    read_sheet,
    write_sheet,
)
from attendance.amendments.standing import (
    Closing,
    closing_of,
    closings,
    open_requests,
    was_answered,
    work_date_of,
)

__all__ = [
    "Amendments",
    "Closing",
    "Difference",
    "Draft",
    "closed_problem",
    "closed_problem_now",
    "closing_of",
    "closings",
    "differences",
    "differs",
    "encode_sheet",
    "open_requests",
    "read_sheet",
    "rows_in",
    "was_answered",
    "work_date_of",
    "write_sheet",
]
