"""Own the use case of amendments: HR amends, employees ask, HR answers, a month is closed and opened again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from attendance.amending.wishes import Sound, Which, Wish, Wishes
from attendance.amendments import (
    Amendments,
    Closing,
    Difference,
    Draft,
    closed_problem_now,
    closing_of,
    differences,
    encode_sheet,
    open_requests,
    read_sheet,
    was_answered,
    work_date_of,
    write_sheet,
)
from attendance.amendments.standing import closings, next_sheet_path
from attendance.audit import Action, Audit
from attendance.clock import Clock, Month, work_day_on
from attendance.codec import about_text
from attendance.errors import (
    AlreadyAskedError,
    ClosedSheetDamagedError,
    MonthClosedError,
    MonthNotClosedError,
    MonthNotOverError,
    RequestsOpenError,
    StorageBusyError,
    UnknownRequestError,
)
from attendance.identity import clean_reason
from attendance.marking import Marking
from attendance.model import Amendment, AmendmentAction, Incident, Site
from attendance.reporting import Reporting, Sources

__all__ = ["Amending", "Closing", "Difference", "Which", "Wish"]

_TRIES = 5


class Amending:
    """Amend what was marked at the sites of a registry; one for each process, made after the fork.

    `now` gives the instants; `report` hears of what was noticed and did not stop anybody. Every method waits for the
    disk or a lock: call it in a thread. `by` is who does it, as the audit knows them: an account, a kiosk, `os:root`.
    `sources` are what sheets are derived from as it amends them.
    """

    def __init__(self, marking: Marking, audit: Audit, *, now: Clock, report: Callable[[Incident], None]) -> None:
        self._audit = audit
        self._now = now
        self._report = report
        self._files: dict[str, Amendments] = {}
        self._wishes = Wishes(marking, now=now)
        self.sources = Sources(ledger_of=marking.ledger, roster_of=marking.roster, amendments_of=self.trail, now=now)
        self._reporting = Reporting(self.sources)

    def file(self, site: Site) -> Amendments:
        """Return the site's file of amendments; it is opened when it is first used."""
        found = self._files.get(site.site_id)
        return found or self._files.setdefault(site.site_id, Amendments(site, now=self._now, report=self._report))

    def trail(self, site: Site) -> Sequence[Amendment]:
        """Return every row among the site's amendments that is committed, in order; raise LedgerError."""
        return self.file(site).rows()

    def amend(self, site: Site, wish: Wish, *, by: str) -> Amendment:
        """Write that something else counts than what was marked, and return the row.

        Where the last word about that work date of the employee is the same, from the same and for the same reason,
        that row is returned and nothing is written: so trying again is safe. Raise InvalidInputError,
        UnknownEmployeeError, NameMismatchError, TimeSkippedError, TimeTwiceError, FutureError, MonthClosedError,
        RosterError or LedgerError.
        """
        draft, sound = self._draft(site, AmendmentAction.AMENDED, wish, by)
        with self.file(site).exclusive() as rows:
            self._require_open(site, rows, sound.work_date)
            counted = [row for row in _about_day(site, rows, sound) if row.counts]
            if counted and _says(counted[-1], draft):
                return counted[-1]
            amendment = self.file(site).add(draft)
        self._note(Action.AMENDED, site, amendment)
        return amendment

    def ask(self, site: Site, wish: Wish, *, by: str) -> Amendment:
        """Write down a request for an amendment, and return the row; it changes no sheet.

        One waits for an answer about each work date of an employee: where it asks for the same, it is returned instead.
        Raise AlreadyAskedError where it asks for something else, and what `amend` raises.
        """
        draft, sound = self._draft(site, AmendmentAction.REQUESTED, wish, by)
        with self.file(site).exclusive() as rows:
            self._require_open(site, rows, sound.work_date)
            waiting = next(iter(open_requests(_about_day(site, rows, sound))), None)
            if waiting and not _says(waiting, draft):
                raise AlreadyAskedError
            if waiting:
                return waiting
            amendment = self.file(site).add(draft)
        self._note(Action.REQUESTED, site, amendment)
        return amendment

    def requests(self, site: Site) -> list[Amendment]:
        """Return the requests that nobody has answered yet, in the order of their writing; raise LedgerError."""
        return open_requests(self.trail(site))

    def approve(self, site: Site, number: int, *, by: str, reason: str = "") -> Amendment:
        """Answer the request of this row number with yes: what it asks for counts from now on; return that row.

        Without a reason the employee's own is taken. Of several who answer at the same time one is heard. Raise
        UnknownRequestError, MonthClosedError, InvalidInputError or LedgerError.
        """
        return self._answer(site, number, AmendmentAction.APPROVED, by, clean_reason(reason) if reason.strip() else "")

    def decline(self, site: Site, number: int, *, by: str, reason: str) -> Amendment:
        """Answer the request of this row number with no, and why; return the row. Raise what `approve` raises."""
        return self._answer(site, number, AmendmentAction.DECLINED, by, clean_reason(reason))

    def close(self, site: Site, month: Month, *, by: str) -> Amendment:
        """Close a month that is over at the site: write its sheet as a file, then the row with the file's digest.

        From now on it is amended only after `reopen`. Raise MonthNotOverError, RequestsOpenError, MonthClosedError,
        RosterError or LedgerError.
        """
        if work_day_on(month.dates[-1], site.zone, site.day_start).ends_at > self._now():
            raise MonthNotOverError(month.first)
        for _ in range(_TRIES):
            known = self.trail(site)
            self._require_closable(site, known, month)
            # Derived before the lock is taken, since it takes long; it counts if nothing about it was added meanwhile.
            content = encode_sheet(self._reporting.month(site, month))
            with self.file(site).exclusive() as rows:
                if _speaks_anew(site, known, rows, month):
                    continue
                digest = write_sheet(next_sheet_path(site, rows, month), content)
                draft = Draft(action=AmendmentAction.CLOSED, about=month, by=by, reference=digest)
                amendment = self.file(site).add(draft)
            self._note(Action.MONTH_CLOSED, site, amendment)
            return amendment
        raise StorageBusyError("others amended while the sheet of the month was derived, again and again")

    def reopen(self, site: Site, month: Month, *, by: str, reason: str) -> Amendment:
        """Open a closed month again, and return the row. Raise MonthNotClosedError, InvalidInputError, LedgerError."""
        draft = Draft(action=AmendmentAction.REOPENED, about=month, by=by, reason=clean_reason(reason))
        with self.file(site).exclusive() as rows:
            closing = closing_of(site, rows, month)
            if closing is None or closing.is_open:
                raise MonthNotClosedError(month.first)
            amendment = self.file(site).add(draft)
        self._note(Action.MONTH_REOPENED, site, amendment)
        return amendment

    def closing(self, site: Site, month: Month) -> Closing | None:
        """Return how a month was closed last, and whether it was opened again since; None if never. Raise LedgerError.

        What it tells: `closed_at`, `by`, `digest`, `is_open`, `reopened` (the row, or None), `sheet_path`.
        """
        return closing_of(site, self.trail(site), month)

    def closed_months(self, site: Site) -> list[Month]:
        """Return the months that are closed now, in the order of the calendar; raise LedgerError."""
        last = {closing.closed.about: closing for closing in closings(site, self.trail(site))}
        months = [about for about, one in last.items() if isinstance(about, Month) and not one.is_open]
        return sorted(months, key=lambda month: month.first)

    def differences(self, site: Site, month: Month) -> Sequence[Difference]:
        """Return the days of employees that are not any more as they were when the month was closed last.

        Raise MonthNotClosedError where it never was, ClosedSheetDamagedError, RosterError or LedgerError.
        """
        closing = self.closing(site, month)
        if closing is None:
            raise MonthNotClosedError(month.first)
        present = encode_sheet(self._reporting.month(site, month))
        return list(differences(read_sheet(closing), present))

    def warnings(self, site: Site) -> Iterator[str]:
        """Yield the codes of what HR will run into, though no mark is stopped by it. Raise LedgerError."""
        rows = self.trail(site)
        if self.file(site).are_ahead(rows):
            yield "amendments_ahead"
        if any(map(closed_problem_now, closings(site, rows))):
            yield ClosedSheetDamagedError.code

    def close_files(self) -> None:
        """Let go of the files; the next use opens them again."""
        for file in self._files.values():
            file.close()

    def _draft(self, site: Site, action: AmendmentAction, wish: Wish, by: str) -> tuple[Draft, Sound]:
        """Return the row that a wish becomes, and the wish itself in order."""
        sound = self._wishes.judge(site, wish)
        draft = Draft(
            action=action,
            about=sound.about,
            by=by,
            employee_id=sound.employee_id,
            name=sound.name,
            status=sound.status,
            reason=sound.reason,
        )
        return draft, sound

    def _answer(self, site: Site, number: int, action: AmendmentAction, by: str, reason: str) -> Amendment:
        """Write the answer to a request; under the lock it is still an open one."""
        with self.file(site).exclusive() as rows:
            asked = next((row for row in open_requests(rows) if row.number == number), None)
            if asked is None:
                raise UnknownRequestError(answered=was_answered(rows, number))
            assert not isinstance(asked.about, Month)  # noqa: S101  # nobody asks for a month
            if action is AmendmentAction.APPROVED:
                self._require_open(site, rows, work_date_of(site, asked.about))
            amendment = self.file(site).add(
                Draft(
                    action=action,
                    about=asked.about,
                    by=by,
                    employee_id=asked.employee_id,
                    name=asked.name,
                    status=asked.status,
                    reason=reason or asked.reason,
                    reference=str(number),
                )
            )
        self._note(Action.ANSWERED, site, amendment)
        return amendment

    def _require_open(self, site: Site, rows: Sequence[Amendment], work_date: date) -> None:
        """Raise MonthClosedError if the month of a work date is closed."""
        closing = closing_of(site, rows, Month.of(work_date))
        if closing and not closing.is_open:
            raise MonthClosedError(Month.of(work_date).first)

    def _require_closable(self, site: Site, rows: Sequence[Amendment], month: Month) -> None:
        """Raise MonthClosedError or RequestsOpenError where a month cannot be closed."""
        self._require_open(site, rows, month.first)
        numbers = [row.number for row in open_requests(rows) if _month_of(site, row) == month]
        if numbers:
            raise RequestsOpenError(month.first, numbers)

    def _note(self, action: Action, site: Site, amendment: Amendment) -> None:
        """Leave who did it in the audit."""
        self._audit.note(
            action,
            who=amendment.by,
            site=site.site_id,
            employee=amendment.employee_id or None,
            about=about_text(amendment.about),
            wrote=amendment.action,
            row=amendment.number,
            reference=amendment.reference or None,
        )


def _says(row: Amendment, draft: Draft) -> bool:
    """Tell whether a row says the same as a draft, by the same and for the same reason."""
    return (row.about, row.status, row.by, row.reason) == (draft.about, draft.status, draft.by, draft.reason)


def _about_day(site: Site, rows: Iterable[Amendment], sound: Sound) -> list[Amendment]:
    """Return the rows about a work date of an employee; among many, theirs are few."""
    key = sound.employee_id.casefold()
    own = [row for row in rows if row.employee_id.casefold() == key]
    return [row for row in own if not isinstance(row.about, Month) and work_date_of(site, row.about) == sound.work_date]


def _speaks_anew(site: Site, known: Sequence[Amendment], rows: Sequence[Amendment], month: Month) -> bool:
    """Tell whether among rows, since those that were known, one is about a month, or those are not there any more."""
    count = len(known)
    return rows[:count] != known or any(_month_of(site, row) == month for row in rows[count:])


def _month_of(site: Site, row: Amendment) -> Month:
    """Return the month that a row is about."""
    return row.about if isinstance(row.about, Month) else Month.of(work_date_of(site, row.about))
