"""Make the rows that sheets are derived from: marks, what HR says of them, rosters; each as it stands in its file."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

from attendance.clock import Month
from attendance.model import Amendment, AmendmentAction, Employee, Kind, Mark, Moment

DOORS = {"In": Kind.PRESENT, "Out": Kind.LEFT, "Away": Kind.ABSENT}
EVERY_DAY = frozenset(range(7))
ANA = Employee(employee_id="E1", name="Ana Martín")
BO = Employee(employee_id="E2", name="Bo")

_numbers = count(2)


def moment(text: str) -> Moment:
    """Return the moment that is written so."""
    local = datetime.fromisoformat(text)
    offset = local.utcoffset()
    assert offset is not None
    return Moment(at=local.astimezone(UTC), utc_offset=offset)


def row(text: str, status: str = "Present", employee_id: str = "E1", name: str = "Ana") -> Mark:
    """Return the mark of a time as it stands in a ledger."""
    at = moment(text)
    return Mark(marked_at=at.at, utc_offset=at.utc_offset, employee_id=employee_id, name=name, status=status)


def amendment(  # noqa: PLR0913  # all that a row may have
    about: str | date | Moment | Month,
    status: str,
    employee_id: str = "E1",
    *,
    name: str = "Ana",
    action: AmendmentAction = AmendmentAction.AMENDED,
    written: str = "2026-12-01T10:00:00+00:00",
) -> Amendment:
    """Return what HR says of a date, or of a moment as it stands in a ledger."""
    return Amendment(
        number=next(_numbers),
        written=moment(written),
        action=action,
        about=moment(about) if isinstance(about, str) else about,
        employee_id=employee_id,
        name=name,
        status=status,
        by="hr",
        reason="they told me",
        reference="",
    )


def roster(*employees: Employee) -> dict[str, Employee]:
    """Return a roster as it is asked: by IDs in small letters."""
    return {employee.employee_id.casefold(): employee for employee in employees}


def times(marks: Sequence[Mark]) -> list[str]:
    """Return what the clock of the site showed at marks."""
    return [f"{mark.marked_at + mark.utc_offset:%H:%M}" for mark in marks]


def hours(number: float) -> timedelta:
    """Return so many hours."""
    return timedelta(hours=number)
