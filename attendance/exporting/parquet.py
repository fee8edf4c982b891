"""Own tables as Parquet, by DuckDB, which is imported when it is needed; every type is given, none guessed."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from attendance.exporting.cells import IN_DATA, formed
from attendance.exporting.table import CellKind, Column, Table

MEMORY = "256MB"
"""What DuckDB may take; beyond it, it uses the disk."""

BUFFER_BYTES = 4 << 20
ROWS_IN_A_GROUP = 20_480
"""With these 2 million rows take 25 MB beside the library, where they take 135 MB as it is set else."""

_SELECTED: Mapping[CellKind, str] = {
    CellKind.TEXT: "{key}",
    CellKind.NUMBER: "{key}::BIGINT AS {key}",
    CellKind.DATE: "{key}::DATE AS {key}",
    CellKind.MOMENT: "{key}::TIMESTAMPTZ AS {key}, left({key}, 19)::TIMESTAMP AS {key}_local",
    CellKind.DURATION: "{key}::BIGINT AS {key}",
    CellKind.FLAG: "{key}::BOOLEAN AS {key}",
    CellKind.STATE: "{key}",
}
"""What becomes of a column of text; no part of it comes from outside."""


def write_parquet(table: Table, out: IO[bytes]) -> None:
    """Write the rows; a moment is two columns: the instant, and under `..._local` what the clock of the site showed.

    The rows go through a file in a folder of their own, since DuckDB reads and writes files; nothing is left behind.
    """
    with TemporaryDirectory(prefix="attendance-") as folder:
        source, target = Path(folder, "rows.csv"), Path(folder, "table.parquet")
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows(formed(table.columns, table.rows, IN_DATA))
        _convert(source, target, table.columns)
        with target.open("rb") as made:
            shutil.copyfileobj(made, out, 1 << 20)


def _convert(source: Path, target: Path, columns: Sequence[Column]) -> None:
    """Let DuckDB read rows of text and write them as Parquet; it loads no extension and asks no network."""
    import duckdb  # noqa: PLC0415  # 45 MB: a server that exports nothing never pays for it

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": "1",
        "memory_limit": MEMORY,
        "temp_directory": str(target.parent),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    as_text = {column.key: "VARCHAR" for column in columns}
    selected = ", ".join(_SELECTED[column.kind].format(key=column.key) for column in columns)
    with duckdb.connect(config=config) as connection:
        rows = connection.read_csv(
            str(source), header=False, columns=as_text, auto_detect=False, buffer_size=BUFFER_BYTES
        )
        rows.project(selected).write_parquet(str(target), compression="zstd", row_group_size=ROWS_IN_A_GROUP)
