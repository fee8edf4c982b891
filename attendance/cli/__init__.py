"""Own the commands: their words, tables and exit codes (0 done, 1 an expected failure, 2 wrong usage)."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from attendance import __version__
from attendance.accounts.first import first_link_of
from attendance.appendlog import Followed
from attendance.backup import back_up
from attendance.checking import check_offsets, check_seals, check_site, was_written
from attendance.cli import accounts, amendments, export, kiosks, pins, report, shared, tokens
from attendance.cli.audit import show_audit
from attendance.cli.printing import (
    data,
    mark_row,
    outcome_object,
    print_json,
    print_outcome,
    print_problems,
    print_table,
    talk,
    timestamp,
)
from attendance.cli.ranges import show_range
from attendance.cli.services import followed, open_amending, open_marking
from attendance.cli.services import report as report_incident
from attendance.cli.shared import Json, SiteId, open_registry
from attendance.clock import offset_label, to_local, utc_now
from attendance.config import Settings, load_settings
from attendance.errors import (
    AccessStorageError,
    AccountsError,
    AttendanceError,
    BackupDamagedError,
    ExportFailedError,
    ImportRefusedError,
    LedgerError,
    NotWrittenError,
    PinsError,
    Problem,
    RegistryError,
    RosterError,
    SiteUnreadableError,
    UnknownSiteError,
)
from attendance.importing import Importing
from attendance.marking import answer
from attendance.model import MarkRequest
from attendance.registry import Registry
from attendance.seal import Examined, Seals

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Attendance for offices all over the world: one plain CSV file per site.",
    epilog="Settings come from the environment: ATTENDANCE_SITES is the registry, default sites.yaml.",
)

for name, group in {
    "accounts": accounts,
    "tokens": tokens,
    "kiosks": kiosks,
    "pins": pins,
    "report": report,
    "export": export,
}.items():
    app.add_typer(group.app, name=name)
app.command("audit")(show_audit)
report.app.command("range")(show_range)
app.command("amend")(amendments.amend)
app.command("amendments")(amendments.show_amendments)
app.command("approve")(amendments.approve)
app.command("decline")(amendments.decline)
app.command("close")(amendments.close)
app.command("reopen")(amendments.reopen)
app.command("differences")(amendments.differences)


def main() -> None:
    """Run the command that was typed; an expected failure is said on stderr and ends with 1."""
    try:
        app()
    except AttendanceError as error:
        talk.print(str(error), style="red", markup=False)
        if isinstance(error, AccountsError | RosterError | PinsError):
            for problem in error.problems:
                talk.print(str(problem), markup=False)
        elif isinstance(error, LedgerError | AccessStorageError | SiteUnreadableError | ExportFailedError):
            talk.print(error.reason, markup=False)
        elif isinstance(error, UnknownSiteError):
            talk.print("`attendance sites` lists them.", markup=False)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _print_version(asked: bool) -> None:  # noqa: FBT001  # typer calls it with the option's value
    """Print the version and end."""
    if asked:
        data.print(f"attendance {__version__}")
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
    registry = open_registry()
    _say_where(settings, registry)
    _say_first_link(settings, registry)
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", str(_deployed("gunicorn.conf.py"))])  # noqa: S606


@app.command()
def sites(*, as_json: Json = False) -> None:
    """List the sites with their local times."""
    now = utc_now()
    rows = [(site, to_local(now, site.zone)) for site in open_registry().sites.values()]
    if as_json:
        print_json(
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
    print_table("", ("Site", "Name", "Zone", "Local time", "Offset", "CSV file"), lines)


@app.command()
def check(
    *,
    recover: Annotated[
        str | None,
        typer.Option(
            metavar="SITE",
            help="Let a site take marks again, here: after a failed flush, or from a machine that is gone.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the registry, the accounts, the rosters and every row of every ledger; print what is wrong.

    Rows whose offset is not that of the zone by its present rules are listed too; that is no failure.
    """
    try:
        registry = open_registry()
    except RegistryError as error:
        print_problems(error.problems, as_json=as_json)
        raise typer.Exit(1) from None
    marking = open_marking(registry)
    amending = open_amending(marking)
    if recover is not None:
        site = registry.resolve(recover)
        committed = marking.ledger(site).log.recover()
        Seals(site.csv_path, report=report_incident).recover()
        amending.file(site).recover()
        talk.print(f"{site.csv_path}: {committed} bytes are sound; the site takes marks again.", markup=False)
    found = [
        *_check_accounts(),
        *(
            one
            for site in registry.sites.values()
            for one in check_site(site, marking.ledger(site), amending.file(site))
        ),
    ]
    offsets = [problem for site in registry.sites.values() for problem in check_offsets(site)]
    print_problems([*found, *offsets], as_json=as_json)
    if found:
        raise typer.Exit(1)
    talk.print(f"{len(registry.sites)} sites checked, nothing is wrong.")


@app.command()
def verify(site_id: SiteId, *, as_json: Json = False) -> None:
    """Compare a ledger and its amendments with their seals: name the first byte and row that are not as sealed."""
    registry = open_registry()
    site = registry.resolve(site_id)
    marking = open_marking(registry)
    found: dict[str, Examined] = {}
    problems = []
    for file in _written(marking.ledger(site), open_amending(marking).file(site)):
        outcome = check_seals(file)
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            found[file.path.name] = outcome
    if problems:
        print_problems(problems, as_json=as_json)
        raise typer.Exit(1)
    if as_json:
        files = {name: {"seals": one.seals, "sealed_bytes": one.sealed} for name, one in found.items()}
        nothing = {"seals": 0, "sealed_bytes": 0}
        print_json({"site": site.site_id, **files.get(site.csv_path.name, nothing), "files": files})
        return
    for name, one in found.items():
        path = site.csv_path.with_name(name)
        sys.stdout.write(f"{path}: {one.sealed} bytes are as they were sealed, by {one.seals} seals.\n")


def _written(ledger: Followed, beside: Followed) -> list[Followed]:
    """Return what there is to verify: at a site where nobody has marked yet it may be amendments alone."""
    return [file for file in (ledger, beside) if was_written(file)] or [ledger]


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
    registry = open_registry()
    site = registry.resolve(site_id)
    request = MarkRequest(employee_id=employee_id, name=name, status=status)
    marking = open_marking(registry)
    with followed(marking.ledger(site)):
        outcome = marking.record(site, [request])[0]
    if isinstance(outcome, Exception):
        raise outcome
    if as_json:
        print_json(answer(site, outcome))
        return
    stands = "stood there already, nothing was added" if outcome.repeated else "recorded"
    row = outcome.mark
    sys.stdout.write(f"{timestamp(row)} {row.employee_id} {row.name} {row.status}: {stands}\n")


@app.command()
def board(site_id: SiteId, *, as_json: Json = False) -> None:
    """Show who is in now: everybody's last mark of the present work date."""
    registry = open_registry()
    site = registry.resolve(site_id)
    work_date, marks = open_marking(registry).ledger(site).board()
    if as_json:
        rows = [mark_row(site, mark) for mark in marks]
        print_json({"site": site.site_id, "timezone": site.timezone, "work_date": work_date.isoformat(), "marks": rows})
        return
    local = to_local(utc_now(), site.zone)
    lines = [(mark.name, mark.employee_id, mark.status, timestamp(mark)[11:19]) for mark in marks]
    title = (
        f"{site.name}, {work_date:%A} {work_date.day} {work_date:%B %Y}, at {local:%H:%M:%S} ({offset_label(local)})"
    )
    print_table(title, ("Name", "Employee ID", "Status", "Since"), lines)
    counts = Counter(mark.status for mark in marks)
    talk.print(", ".join(f"{counts[label]} {label}" for label in site.statuses), markup=False)


@app.command("import")
def import_(
    site_id: SiteId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with the columns of a ledger.")],
    *,
    write: Annotated[bool, typer.Option("--write", help="Add the rows; without it, only say what would be.")] = False,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Leave refused rows out.")] = False,
    as_json: Json = False,
) -> None:
    """Add rows from elsewhere to a site's ledger, also while the server runs; by default only say what would be."""
    registry = open_registry()
    site = registry.resolve(site_id)
    marking = open_marking(registry)
    importing = Importing(
        site, marking.ledger(site), roster=marking.roster(site), admit=partial(marking.admit, site), now=utc_now
    )
    try:
        if write:
            with followed(marking.ledger(site)):
                outcome = importing.write(file, leave_out=leave_out)
        else:
            outcome = importing.preview(file)
    except LedgerError:
        if write:
            talk.print("Rows that were added before this stand. Import the same file again: it goes on after them.")
        raise
    if as_json:
        print_json(outcome_object(outcome))
    else:
        print_outcome(outcome)
    if outcome.refused and not leave_out:
        raise ImportRefusedError(len(outcome.refused))
    if not write:
        talk.print("Nothing was written. Say --write to add the rows.")


@app.command()
def backup(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where backups are kept.")]) -> None:
    """Copy the registry, the rosters and every ledger into a new folder in DIR, while marks go on."""
    registry = open_registry()
    marking = open_marking(registry)
    made = back_up(registry, marking.ledger, open_amending(marking).file, into=folder, now=utc_now())
    sys.stdout.write(f"{made.path}\n")
    talk.print(f"{made.files} files are copied. To try them: cd there and `sha256sum --check SHA256SUMS`.")
    if made.damaged:
        raise BackupDamagedError(made.damaged)


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
    talk.print(f"{path} is written. Change the name and the zone in it, then run `attendance serve`.", markup=False)


def _check_accounts() -> Sequence[Problem]:
    """Return what is wrong with the accounts."""
    try:
        shared.accounts_file().current()
    except AccountsError as error:
        return error.problems
    return ()


def _deployed(name: str) -> Path:
    """Return a file of `deploy/`: in the wheel it lies in the package, in a checkout beside it."""
    package = Path(str(files("attendance")))
    return next(path for path in (package / "deploy" / name, package.parent / "deploy" / name) if path.is_file())


def _say_where(settings: Settings, registry: Registry) -> None:
    """Say on stderr which pages there are."""
    address = settings.address
    shown = list(registry.sites.values())[:10]
    pages = {"All sites": "/"} | {site.name[:40]: f"/sites/{site.site_id}/attendance" for site in shown}
    for name, path in pages.items():
        talk.print(f"{name:<{max(map(len, pages))}}  {address}{path}", markup=False)
    if len(shown) < len(registry.sites):
        talk.print(f"and {len(registry.sites) - len(shown)} more.")
    talk.print("Stop with Ctrl+C.")


def _say_first_link(settings: Settings, registry: Registry) -> None:
    """Say on a terminal how the first account is made, once and by whom who reads this; else it stands in a file."""
    link = first_link_of(registry.path.parent)
    try:
        offered = link.offer(settings.address)
    except (AccountsError, OSError) as error:  # marks go on; nobody signs in until it is mended
        told = error.problems if isinstance(error, AccountsError) else [error]
        talk.print("\nNobody can sign in:", *map(str, told), sep="\n", markup=False)
        return
    if offered and sys.stderr.isatty():
        talk.print(f"\nMake the first account: {offered}", markup=False, style="bold")
    elif offered:
        talk.print(f"The link that makes the first account stands in {link.path}", markup=False)
