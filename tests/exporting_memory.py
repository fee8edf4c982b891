"""Write a table of many rows in one form, as a process of its own, and print the most memory that it took, in KiB."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from attendance.exporting import CellKind, Column, Format, Part, Table, export
from attendance.exporting.table import Row


def rows(count: int) -> Iterator[Row]:
    """Yield so many rows, each text another one."""
    for number in range(count):
        yield f"E{number}", f"Ana {number} Martín {'x' * 50}", number


def main(form: str, count: int, path: Path) -> None:
    """Write the table and print the peak."""
    columns = [Column(name="Employee_ID"), Column(name="Name"), Column(name="Row", kind=CellKind.NUMBER)]
    made = Table(name="marks", stem="marks", title="Marks", columns=columns, parts=iter([Part(rows=rows(count))]))
    with path.open("wb") as out:
        export(made, Format(form), out)
    status = Path("/proc/self/status").read_text(encoding="ascii")  # what was before the exec(2) counts in rusage
    sys.stdout.write(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
