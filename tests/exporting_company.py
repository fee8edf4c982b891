"""Make a small company: three sites, twenty people and a month in which the clock is changed, always the same one."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from attendance.clock import Month, find_zone, instants_of
from tests.servers import write_sites

MONTH = Month(2026, 10)
HEADER = "Timestamp,Employee_ID,Name,Status\n"
ZONES = {"london": "Europe/London", "kathmandu": "Asia/Kathmandu", "santiago": "America/Santiago"}
NAMES = ("Ana Martín", "Jo Park", "O'Brien, Siobhán", "Maya Rai", "Nguyễn Thị Ánh", "Æsa Ø", "Li 李")
_MORE = "start: '09:00'; grace_minutes: 10; statuses: {Present: present, Absent: absent, Gone: left}"


def write_company(folder: Path) -> None:
    """Write the registry, the rosters, the ledgers from September to November, and what was amended in London."""
    sites = {
        site: f"timezone: {zone}; roster: data/{site}.roster.csv; {_MORE}; visitors: true"
        + ("; holidays: GB-ENG" if site == "london" else "; day_start: '04:00'" if site == "santiago" else "")
        for site, zone in ZONES.items()
    }
    write_sites(folder, **sites)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    for number, (site, zone) in enumerate(ZONES.items()):
        people = _people(number)
        rows = "".join(f'{employee_id},"{name}"\n' for employee_id, name in people)
        (data / f"{site}.roster.csv").write_text(f"Employee_ID,Name\n{rows}", encoding="utf-8")
        lines = sorted(_marks(zone, people), key=lambda line: datetime.fromisoformat(line[:25]))
        (data / f"{site}.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    (data / "london.amendments.csv").write_text(
        "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference\n"
        "2026-10-20T09:00:00+01:00,amended,2026-10-19,E000,Ana Martín,Absent,jo,called in sick,\n"
        "2026-10-26T09:00:00+00:00,amended,2026-10-26T08:30:00+00:00,E001,Jo Park,Present,jo,forgot,\n",
        encoding="utf-8",
    )


def _people(site: int) -> list[tuple[str, str]]:
    """Return the people of a site: seven, seven and six."""
    return [(f"E{site}{number:02}", NAMES[number]) for number in range(6 if site == 2 else 7)]


def _marks(zone: str, people: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the rows of marks: who comes when hangs on the day and the person alone."""
    for number, who in enumerate(people):
        on = date(2026, 9, 28)
        while on < date(2026, 11, 4):
            luck = (on.toordinal() * 7 + number * 3) % 10
            if on.weekday() < 5 or luck == 1:
                if luck == 9:
                    yield _row(zone, datetime.combine(on, time(8, 50, number)), who, "Absent")
                elif luck != 8:
                    yield _row(zone, datetime.combine(on, time(9, 5 + 2 * (luck % 7), number)), who, "Present")
                    yield _row(zone, datetime.combine(on, time(17, 30, number)), who, "Gone")
            on += timedelta(days=1)


def _row(zone: str, wall: datetime, who: tuple[str, str], status: str) -> str:
    """Return a row as it stands in a ledger."""
    local = instants_of(wall, find_zone(zone))[0].astimezone(find_zone(zone))
    employee_id, name = who
    quoted = f'"{name}"' if "," in name else name
    return f"{local.isoformat(timespec='seconds')},{employee_id},{quoted},{status}\n"
