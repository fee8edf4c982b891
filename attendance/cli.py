"""Own the commands: their words, tables and exit codes (0 done, 1 an expected failure, 2 wrong usage)."""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attendance import __version__
from attendance.checking import check_seals, check_site
from attendance.clock import offset_label, to_local, utc_now
from attendance.codec import encode_timestamp
from attendance.config import Settings, load_settings
from attendance.errors import (
    AttendanceError,
    LedgerError,
    NotWrittenError,
    Problem,
    RegistryError,
    UnknownSiteError,
)
from attendance.marking import Marking, answer
from attendance.model import Incident, Mark, MarkRequest, Site
from attendance.registry import Registry, load_registry

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Attendance for offices all over the world: one plain CSV file per site.",
    epilog="Settings come from the environment: ATTENDANCE_SITES is the registry, default sites.yaml.",
)
_talk = Console(stderr=True, highlight=False, soft_wrap=True)  # a path is not broken in two
_data = Console(highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
SiteId = Annotated[str, typer.Argument(metavar="SITE", help="The key of the site in sites.yaml.")]


def main() -> None:
    """Run the command that was typed; an expected failure is said on stderr and ends with 1."""
    try:
        app()
    except AttendanceError as error:
        _talk.print(str(error), style="red", markup=False)
        if isinstance(error, LedgerError):
            _talk.print(error.reason, markup=False)
        elif isinstance(error, UnknownSiteError):
            _talk.print("`attendance sites` lists them.", markup=False)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _print_version(asked: bool) -> None:  # noqa: FBT001  # typer calls it with the option's value
    """Print the version and end."""
    if asked:
        _data.print(f"attendance {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[  # noqa: FBT002  # the callback does it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Attendance for offices all over the world: one plain CSV file per site."""


@app.command()
def serve() -> None:
    """Serve all sites with gunicorn, as in production."""
    settings = load_settings()
    registry = load_registry(settings.sites)
    _say_where(settings, registry)
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", str(_deployed("gunicorn.conf.py"))])  # noqa: S606


@app.command()
def sites(*, as_json: Json = False) -> None:
    """List the sites with their local times."""
    now = utc_now()
    rows = [(site, to_local(now, site.zone)) for site in load_registry(load_settings().sites).sites.values()]
    if as_json:
        _print_json(
            [
                {
                    "site": site.site_id,
                    "name": site.name,
                    "timezone": site.timezone,
                    "local_time": local.isoformat(timespec="seconds"),
                    "csv": str(site.csv_path),
                }
                for site, local in rows
            ]
        )
        return
    lines = [
        (site.site_id, site.name, site.timezone, f"{local:%a %d %b %H:%M}", offset_label(local), str(site.csv_path))
        for site, local in rows
    ]
    _print_table("", ("Site", "Name", "Zone", "Local time", "Offset", "CSV file"), lines)


@app.command()
def check(
    *,
    recover: Annotated[
        str | None, typer.Option(metavar="SITE", help="Let a site take marks again after a failed flush.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the registry, the rosters and every row of every ledger; print what is wrong."""
    try:
        registry = load_registry(load_settings().sites)
    except RegistryError as error:
        _print_problems(error.problems, as_json=as_json)
        raise typer.Exit(1) from None
    marking = _marking(registry)
    if recover is not None:
        site = registry.resolve(recover)
        committed = marking.ledger(site).log.verify()
        _talk.print(f"{site.csv_path}: {committed} bytes are sound; the site takes marks again.", markup=False)
    found = [problem for site in registry.sites.values() for problem in check_site(site, marking.ledger(site))]
    _print_problems(found, as_json=as_json)
    if found:
        raise typer.Exit(1)
    _talk.print(f"{len(registry.sites)} sites checked, nothing is wrong.")


@app.command()
def verify(site_id: SiteId, *, as_json: Json = False) -> None:
    """Compare a ledger with its seals: name the first byte and row that are not as they were sealed."""
    registry = load_registry(load_settings().sites)
    site = registry.resolve(site_id)
    found = check_seals(site, _marking(registry).ledger(site))
    if isinstance(found, Problem):
        _print_problems([found], as_json=as_json)
        raise typer.Exit(1)
    if as_json:
        _print_json({"site": site.site_id, "seals": found.seals, "sealed_bytes": found.sealed})
        return
    sys.stdout.write(f"{site.csv_path}: {found.sealed} bytes are as they were sealed, by {found.seals} seals.\n")


@app.command()
def mark(
    site_id: SiteId,
    employee_id: Annotated[str, typer.Argument(metavar="EMPLOYEE_ID")],
    status: Annotated[str, typer.Argument(metavar="STATUS", help="A status of the site, such as Present.")],
    name: Annotated[str, typer.Option(help="The name; not needed where the site has a roster.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Record a mark, also while the server runs."""
    registry = load_registry(load_settings().sites)
    site = registry.resolve(site_id)
    request = MarkRequest(employee_id=employee_id, name=name, status=status)
    outcome = _marking(registry).record(site, [request])[0]
    if isinstance(outcome, Exception):
        raise outcome
    if as_json:
        _print_json(answer(site, outcome))
        return
    stands = "stood there already, nothing was added" if outcome.repeated else "recorded"
    row = outcome.mark
    sys.stdout.write(f"{_timestamp(row)} {row.employee_id} {row.name} {row.status}: {stands}\n")


@app.command()
def board(site_id: SiteId, *, as_json: Json = False) -> None:
    """Show who is in now: everybody's last mark of the present work date."""
    registry = load_registry(load_settings().sites)
    site = registry.resolve(site_id)
    work_date, marks = _marking(registry).ledger(site).board()
    if as_json:
        rows = [_mark_row(site, mark) for mark in marks]
        _print_json(
            {"site": site.site_id, "timezone": site.timezone, "work_date": work_date.isoformat(), "marks": rows}
        )
        return
    local = to_local(utc_now(), site.zone)
    lines = [(mark.name, mark.employee_id, mark.status, _timestamp(mark)[11:19]) for mark in marks]
    title = (
        f"{site.name}, {work_date:%A} {work_date.day} {work_date:%B %Y}, at {local:%H:%M:%S} ({offset_label(local)})"
    )
    _print_table(title, ("Name", "Employee ID", "Status", "Since"), lines)
    counts = Counter(mark.status for mark in marks)
    _talk.print(", ".join(f"{counts[label]} {label}" for label in site.statuses), markup=False)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path()) -> None:
    """Write a first sites.yaml with a comment for every key."""
    path = folder / "sites.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write((files("attendance") / "starter.yaml").read_bytes())
    except OSError as error:
        raise NotWrittenError(path, error.strerror or "") from None
    _talk.print(f"{path} is written. Change the name and the zone in it, then run `attendance serve`.", markup=False)


def _marking(registry: Registry) -> Marking:
    """Return the use case with the machine's clock; what is noticed is said on stderr."""

    def report(incident: Incident) -> None:
        _talk.print(f"{incident.path}: {incident.detail} ({incident.code})", style="yellow", markup=False)

    return Marking(registry, now=utc_now, report=report)


def _deployed(name: str) -> Path:
    """Return a file of `deploy/`: in the wheel it lies in the package, in a checkout beside it."""
    package = Path(str(files("attendance")))
    return next(path for path in (package / "deploy" / name, package.parent / "deploy" / name) if path.is_file())


def _say_where(settings: Settings, registry: Registry) -> None:
    """Say on stderr which pages there are."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    shown = list(registry.sites.values())[:10]
    pages = {"All sites": "/"} | {site.name[:40]: f"/sites/{site.site_id}/attendance" for site in shown}
    for name, path in pages.items():
        _talk.print(f"{name:<{max(map(len, pages))}}  {address}{path}", markup=False)
    if len(shown) < len(registry.sites):
        _talk.print(f"and {len(registry.sites) - len(shown)} more.")
    _talk.print("Stop with Ctrl+C.")


def _timestamp(mark: Mark) -> str:
    """Return the time of a mark as it stands in the ledger."""
    return encode_timestamp(mark.marked_at, mark.utc_offset)


def _mark_row(site: Site, mark: Mark) -> dict[str, Any]:
    """Return a mark for JSON."""
    return {
        "timestamp": _timestamp(mark),
        "employee_id": mark.employee_id,
        "name": mark.name,
        "status": mark.status,
        "kind": str(site.statuses.get(mark.status, "")),
    }


def _print_json(value: object) -> None:
    """Print JSON on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _print_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Print problems on stdout, one a line."""
    if as_json:
        _print_json(
            [
                {
                    "path": str(one.path),
                    "line": one.line,
                    "column": one.column,
                    "message": one.message,
                    "hint": one.hint,
                }
                for one in problems
            ]
        )
        return
    for problem in problems:
        sys.stdout.write(f"{problem}\n")


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; whatever stands in a cell is shown as it is."""
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    _data.print(table)
