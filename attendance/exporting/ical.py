"""Own a table as a calendar (RFC 5545): whole dates, and times as instants in UTC, so it needs no zones."""

from datetime import timedelta
from hashlib import sha256
from typing import IO, TYPE_CHECKING

from attendance.exporting.cells import text_cell
from attendance.exporting.events import Event
from attendance.exporting.table import Table

if TYPE_CHECKING:
    import icalendar

PRODUCT = "-//attendance//export//EN"


def write_ical(table: Table, out: IO[bytes]) -> None:
    """Write the events of a table; the same table is the same bytes each time."""
    import icalendar  # noqa: PLC0415  # only who asks for a calendar pays for it

    head = icalendar.Calendar()
    head.add("prodid", PRODUCT)
    head.add("version", "2.0")
    head.add("method", "PUBLISH")
    head.add("x-wr-calname", text_cell(table.title))
    begun, end = head.to_ical().split(b"END:VCALENDAR", 1)
    out.write(begun)
    for event in table.events or ():
        out.write(_component(event).to_ical())
    out.write(b"END:VCALENDAR" + end)


def _component(event: Event) -> "icalendar.Event":
    """Return an event of a calendar; its UID hangs on what it is about alone, so that calendars know it again."""
    import icalendar  # noqa: PLC0415  # as above

    made = icalendar.Event()
    made.add("uid", f"{sha256(event.about.encode(errors='surrogatepass')).hexdigest()[:32]}@attendance")
    made.add("dtstamp", event.stamped_at)
    made.add("dtstart", event.starts_at or event.date)
    made.add("dtend", event.ends_at or event.date + timedelta(days=1))
    made.add("summary", text_cell(event.summary))
    if event.description:
        made.add("description", text_cell(event.description))
    made.add("transp", "TRANSPARENT")
    return made
