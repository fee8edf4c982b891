"""Own what comes out: ratios of what was measured in turn, their targets, the table, and the JSON beside it."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

_PACKAGES = ("attendance", "fastapi", "starlette", "uvicorn", "gunicorn", "pydantic", "uvloop", "httptools")
_LARGE, _SMALL = 100, 0.1
_COLUMNS = ("what", "ours", "theirs", "ratio", "of the rounds", "target", "")


@dataclass(frozen=True)
class Figure:
    """One ratio of two things that were measured in turn, several rounds long; `ours` and `theirs` are medians."""

    benchmark: str
    title: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    spread: tuple[float, float]
    at_most: float | None = None
    at_least: float | None = None

    @classmethod
    def of_rounds(
        cls, benchmark: str, title: str, unit: str, rounds: Sequence[tuple[float, float]], **target: float
    ) -> "Figure":
        """Return the figure of some rounds, each of which is ours and theirs; the target is `at_most` or `at_least`."""
        ratios = [ours / theirs for ours, theirs in rounds]
        ours, theirs = (median(side) for side in zip(*rounds, strict=True))
        return cls(benchmark, title, ours, theirs, unit, median(ratios), (min(ratios), max(ratios)), **target)

    @classmethod
    def of_json(cls, written: Mapping[str, Any]) -> "Figure":
        """Return a figure that `write_json` wrote."""
        known: dict[str, Any] = {**written, "spread": tuple(written["spread"])}
        del known["holds"]
        return cls(**known)

    @property
    def holds(self) -> bool | None:
        """Tell whether the target is reached, or None where there is none."""
        if self.at_most is not None:
            return self.ratio <= self.at_most
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None

    @property
    def target(self) -> str:
        """Return the target for people."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        verdict = {True: "ok", False: "over" if self.at_most is not None else "under", None: ""}[self.holds]
        smallest, largest = self.spread
        return (
            self.title,
            f"{_readable(self.ours)} {self.unit}",
            f"{_readable(self.theirs)} {self.unit}",
            _readable(self.ratio),
            f"{_readable(smallest)} to {_readable(largest)}",
            self.target,
            verdict,
        )


def print_table(figures: Sequence[Figure], console: Console) -> None:
    """Print all figures, benchmark by benchmark."""
    for benchmark in dict.fromkeys(figure.benchmark for figure in figures):
        table = Table(title=benchmark, title_justify="left")
        for number, column in enumerate(_COLUMNS):
            table.add_column(column, justify="right" if 0 < number < len(_COLUMNS) - 1 else "left")
        for figure in figures:
            if figure.benchmark == benchmark:
                table.add_row(*figure.cells)
        console.print(table)


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures with what they were measured on."""
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(path.parent),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES},
        "figures": [asdict(figure) | {"holds": figure.holds} for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine(folder: Path) -> dict[str, str | int]:
    """Return what the figures of this machine depend on; the folder lies on the disk that the ledgers were on."""
    return {
        "kernel": platform.release(),
        "cpu": _cpu_model(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": len(os.sched_getaffinity(0)),
        "file_system": _file_system(folder.stat().st_dev, Path("/proc/self/mountinfo").read_text(encoding="utf-8")),
    }


def _readable(value: float) -> str:
    """Return a number with two decimals, or none where it is large, or more where it is small."""
    if value >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= _SMALL else f"{value:.2g}"


def _cpu_model(cpuinfo: str) -> str:
    """Return the first processor's name, or its architecture where the system tells no name."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def _file_system(device: int, mountinfo: str) -> str:
    """Return the type of the file system on a device, as proc_pid_mountinfo(5) tells it."""
    for line in mountinfo.splitlines():
        if line.split()[2] == f"{os.major(device)}:{os.minor(device)}":
            return line.partition(" - ")[2].split()[0]
    return "unknown"
