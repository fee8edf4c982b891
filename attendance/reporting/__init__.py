"""Own what is told of marks over sites: what days, months, years and long ranges were."""

from attendance.reporting.days import PersonDay, Reporting
from attendance.reporting.objects import days_object
from attendance.reporting.sources import Sources

__all__ = ["PersonDay", "Reporting", "Sources", "days_object"]
