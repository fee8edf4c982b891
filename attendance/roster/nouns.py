"""Own what a roster is: the employees of one site, found by what they type."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attendance.errors import UnknownEmployeeError
from attendance.model import Employee


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The employees of one site, by their IDs and by their badges in lower case: no two differ by case alone.

    Those who have not begun or have left are among them: `has_dates` tells whether there can be any.
    """

    employees: Mapping[str, Employee]
    badges: Mapping[str, Employee] = field(default_factory=dict)
    has_dates: bool = False

    def resolve(self, employee_id: str) -> Employee:
        """Return the employee with this ID, in whatever case it was typed; raise UnknownEmployeeError."""
        try:
            return self.employees[employee_id.casefold()]
        except KeyError:
            raise UnknownEmployeeError from None

    def find(self, typed: str) -> Employee:
        """Return the employee with this ID, or else with this badge; raise UnknownEmployeeError.

        It is for kiosks, which stand at the door: elsewhere a badge that was read says nothing about who holds it.
        """
        key = typed.strip(" ").casefold()
        employee = self.employees.get(key) or self.badges.get(key)
        if employee is None:
            raise UnknownEmployeeError
        return employee
