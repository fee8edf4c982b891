"""Own the use case of changing who belongs to a site: an uploaded roster is shown as its changes, and then applied."""

import os
from codecs import BOM_UTF8
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from attendance.audit import Action, Audit
from attendance.clock import Clock, work_day
from attendance.errors import (
    MAX_REASONS,
    ForeignTableError,
    PinsError,
    RosterChangedError,
    RosterError,
    UploadRefusedError,
)
from attendance.files import FILE_MODE, SECRET_MODE, alone, hidden, replace_durably, stat_at, storage_errors
from attendance.foreign import read_table
from attendance.ledger import Ledger
from attendance.mangled import WRITE_THE_ID, suspicious
from attendance.model import Employee, Site
from attendance.pins import PinFile
from attendance.roster import (
    FIRST_COLUMNS,
    Changes,
    Roster,
    RosterTable,
    changes_between,
    decode_table,
    parse_roster,
    uploaded_table,
)

_NOBODY = Roster(employees={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an uploaded roster would change; `basis` and `proposal` are digests of the one in force and of the new one.

    `leavers` are those of the removed who could stay with a day of leaving; `with_pins` is how many of the removed have
    a PIN, which is taken away with them.
    """

    changes: Changes
    basis: str
    proposal: str
    leavers: Sequence[Employee]
    with_pins: int
    was_broken: bool


class Rostering:
    """Change the roster of a site, which has one: as a whole, with what was there before kept in `quarantine/`."""

    def __init__(self, audit: Audit, *, now: Clock) -> None:
        self._audit = audit
        self._now = now

    def propose(self, site: Site, upload: Path, ledger: Ledger) -> Preview:
        """Return what an uploaded file would change, and keep it beside the roster until it is applied.

        Raise UploadRefusedError with every row that cannot be used, StorageFullError, StorageUnavailableError.
        """
        path = _path_of(site)
        with storage_errors():
            content = _content(path)
            before, was_broken = _in_force(path, content)
            table = _read(upload).filled_from(decode_table(content))
            after = _checked(path, table, {*before.employees, *ledger.recent_ids()})
            proposed = table.encode()
            replace_durably(_proposal_path(path), [proposed], mode=SECRET_MODE)
        changes = changes_between(before.employees, after.employees)
        with_pins = len(_with_pins(path, changes.removed))
        return Preview(
            changes=changes,
            basis=_digest(content),
            proposal=_digest(proposed),
            leavers=self._leavers(site, changes.removed),
            with_pins=with_pins,
            was_broken=was_broken,
        )

    def apply(self, site: Site, basis: str, proposal: str, *, keep_leavers: bool, by: str) -> Changes:
        """Put the proposed roster in force, if it and the roster are still those that were shown; return what changed.

        With `keep_leavers`, whoever is missing in it stays on the roster, with the present work date as their last. Who
        does not stay loses their PIN. Raise RosterChangedError, UploadRefusedError, StorageFullError,
        StorageUnavailableError, PinsError.
        """
        path = _path_of(site)
        with storage_errors(), alone(path):
            content, proposed = _content(path), _content(_proposal_path(path))
            if not proposed or (_digest(content), _digest(proposed)) != (basis, proposal):  # none is no empty roster
                raise RosterChangedError
            before, _ = _in_force(path, content)
            table = decode_table(proposed)
            after = _checked(path, table, ())
            missing = changes_between(before.employees, after.employees).removed
            if keep_leavers and (leavers := self._leavers(site, missing)):
                table = table.with_leavers(decode_table(content), leavers)
                after = _checked(path, table, ())
            changes = changes_between(before.employees, after.employees)
            if before.employees:  # else all are added, since it was missing or broken, and keep theirs
                self._take_pins(site, path, changes.added, by)  # left by whoever was stopped before it took them below
            kept = self._write(path, table.encode())
            _proposal_path(path).unlink(missing_ok=True)
        self._note(site, changes, kept, by)
        self._take_pins(site, path, changes.removed, by)
        return changes

    def copy(self, roster: Roster) -> bytes:
        """Return a roster as a file to be edited in a spreadsheet: it says that it is UTF-8, and has no badges."""
        rows = [
            (one.employee_id, one.name, str(one.from_date or ""), str(one.until_date or ""))
            for one in roster.employees.values()
        ]
        titles = [*FIRST_COLUMNS, "From", "Until"]
        return BOM_UTF8 + RosterTable(titles=titles, rows=rows).encode()

    def last_day(self, site: Site) -> date:
        """Return the present work date of a site: the last one of whoever leaves now."""
        return work_day(self._now(), site.zone, site.day_start).date

    def _leavers(self, site: Site, removed: Sequence[Employee]) -> list[Employee]:
        """Return who can stay with a day of leaving: everybody but those who never began."""
        today = self.last_day(site)
        began = [one for one in removed if one.from_date is None or one.from_date <= today]
        return [replace(one, until_date=min(one.until_date or today, today)) for one in began]

    def _write(self, path: Path, content: bytes) -> Path | None:
        """Write the roster, with the mode and the owner that it has; return where the one before is kept."""
        found = stat_at(path)
        keep_as = f"{path.name}.before-{self._now():%Y%m%dT%H%M%SZ}" if found else ""
        fresh, kept = replace_durably(path, [content], keep_as=keep_as)
        if found:
            with suppress(PermissionError):  # not root: then it is the server's own
                os.fchown(fresh.descriptor, found.st_uid, found.st_gid)
        os.fchmod(fresh.descriptor, found.st_mode & 0o777 if found else FILE_MODE)
        return kept

    def _note(self, site: Site, changes: Changes, kept: Path | None, by: str) -> None:
        """Note how many people came, went and changed."""
        self._audit.note(
            Action.ROSTER_CHANGED,
            who=by,
            site=site.site_id,
            added=len(changes.added),
            removed=len(changes.removed),
            changed=len(changes.changed),
            kept=kept.name if kept else None,
        )

    def _take_pins(self, site: Site, path: Path, removed: Sequence[Employee], by: str) -> None:
        """Take the PINs of people away who are not on the roster: an ID that comes back begins anew."""
        for one in _with_pins(path, removed):
            if PinFile(path).remove(one.employee_id):
                self._audit.note(Action.PIN_REMOVED, who=by, site=site.site_id, employee_id=one.employee_id)


def _path_of(site: Site) -> Path:
    """Return where the site's roster lies; raise UploadRefusedError where it has none."""
    if site.roster_path is None:
        raise UploadRefusedError(["This site has no roster: add `roster:` to it in sites.yaml first."])
    return site.roster_path


def _proposal_path(path: Path) -> Path:
    """Return where a proposed roster waits beside the roster: one for all, readable by the server alone."""
    return hidden(path, "proposed")


def _content(path: Path) -> bytes:
    """Return the bytes of a file, none where it is not there. Raise OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _digest(content: bytes) -> str:
    """Return what stands for a version of a file in a form."""
    return sha256(content).hexdigest()


def _in_force(path: Path, content: bytes) -> tuple[Roster, bool]:
    """Return the roster of a file's bytes, and whether they are there and broken: then nobody can mark now."""
    try:
        return (parse_roster(path, content), False) if content else (_NOBODY, False)
    except RosterError:
        return _NOBODY, True


def _read(upload: Path) -> RosterTable:
    """Return the table that was uploaded; raise UploadRefusedError."""
    try:
        return uploaded_table(read_table(upload))
    except ForeignTableError as error:
        raise UploadRefusedError([f"The file cannot be read: {error.reason}."]) from None


def _checked(path: Path, table: RosterTable, known: Collection[str]) -> Roster:
    """Return the roster that a table is; raise UploadRefusedError with the rows that are wrong, or were mangled."""
    numbers = table.row_numbers()
    try:
        roster = parse_roster(path, table.encode(), lambda: known)
    except RosterError as error:
        told = [(numbers.get(one.line, one.line), one.message) for one in error.problems]
        raise UploadRefusedError([f"Row {number}: {message.rstrip('.')}." for number, message in told]) from None
    _refuse_mangled(table, known)
    return roster


def _refuse_mangled(table: RosterTable, known: Collection[str]) -> None:
    """Raise UploadRefusedError where a new ID looks as a spreadsheet makes it, and no known one looks like that."""
    usual = {suspicious(one) for one in known}
    problems = []
    for number, row in zip(table.numbers, table.rows, strict=False):
        reason = suspicious(row[0].strip(" "))
        if reason and reason not in usual:
            problems.append(f"Row {number}: {row[0].strip(' ')}: {reason}; {WRITE_THE_ID}.")
            if len(problems) >= MAX_REASONS:
                break
    if problems:
        raise UploadRefusedError(problems)


def _with_pins(path: Path, people: Sequence[Employee]) -> list[Employee]:
    """Return those who have a PIN; a file of PINs that cannot be read is told where PINs are asked for."""
    try:
        known = PinFile(path).known()
    except PinsError:
        return []
    return [one for one in people if one.employee_id.casefold() in known]
