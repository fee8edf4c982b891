"""Own the use case of a backup: copy what all sites stand on, while marks go on, and never over another backup."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from attendance.accounts.file import FILE_NAME as ACCOUNTS_NAME
from attendance.appendlog import Followed
from attendance.errors import BackupNotMadeError, BackupNotWholeError, LedgerError
from attendance.files import FILE_MODE, SECRET_MODE, OpenFile, make_folder, sync_folder
from attendance.model import Site
from attendance.registry import Registry, amendments_path, closed_folder, pins_path
from attendance.seal import seals_path

SUMS_NAME = "SHA256SUMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A whole backup: its folder, how many files are in it, and which ledgers are damaged and copied as they stand."""

    path: Path
    files: int
    damaged: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Copying:
    """A backup in the making: from which folder into which, and what was copied so far, with its check sums."""

    source: Path
    target: Path
    sums: dict[str, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def copy(self, path: Path, content: Iterable[bytes], mode: int = FILE_MODE) -> None:
        """Write content that belongs at a path below the source to the same path below the target, flushed."""
        name = str(path.relative_to(self.source))
        digest = sha256()

        def counted() -> Iterator[bytes]:
            for piece in content:
                digest.update(piece)
                yield piece

        (self.target / name).parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        OpenFile.create(self.target / name, counted(), mode)
        self.sums[name] = digest.hexdigest()

    def has(self, path: Path) -> bool:
        """Tell whether the file at the path was copied: two sites may share a roster."""
        return str(path.relative_to(self.source)) in self.sums


def back_up(
    registry: Registry,
    ledger_of: Callable[[Site], Followed],
    amendments_of: Callable[[Site], Followed],
    *,
    into: Path,
    now: datetime,
) -> Backup:
    """Copy the registry, rosters, PINs and each site's files into `into/attendance-<UTC stamp>`, and return it.

    It is written under the name with `.partial` behind it, every file flushed, and renamed when it is whole. Ledgers
    and amendments are copied up to their last committed rows. Raise BackupNotMadeError, or BackupNotWholeError: then
    the partial folder holds what was copied.
    """
    path = into / f"attendance-{now:%Y%m%dT%H%M%SZ}"
    partial = _begin(path)
    copying = _Copying(source=registry.path.parent, target=partial)
    try:
        _copy_registry(registry, copying)
        for site in registry.sites.values():
            _copy_site(site, ledger_of, amendments_of, copying)
        OpenFile.create(partial / SUMS_NAME, [_sums(copying.sums)])
        for folder, _, _ in os.walk(partial):
            sync_folder(Path(folder))
        partial.rename(path)
        sync_folder(into)
    except (OSError, LedgerError) as error:
        raise BackupNotWholeError(partial, _said(error)) from None
    return Backup(path=path, files=len(copying.sums), damaged=tuple(copying.damaged))


def _begin(path: Path) -> Path:
    """Make the folder of a backup that is not whole yet, and return it; raise BackupNotMadeError."""
    partial = path.with_name(f"{path.name}.partial")
    if os.path.lexists(path):
        raise BackupNotMadeError(f"{path} is there already")
    try:
        make_folder(path.parent)
        partial.mkdir(mode=0o750)
    except OSError as error:
        raise BackupNotMadeError(_said(error)) from None
    return partial


def _copy_registry(registry: Registry, copying: _Copying) -> None:
    """Copy the registry and the accounts. Raise OSError."""
    copying.copy(registry.path, _chunks(registry.path))
    accounts_path = registry.path.with_name(ACCOUNTS_NAME)
    if accounts_path.exists():
        copying.copy(accounts_path, _chunks(accounts_path), SECRET_MODE)


def _copy_site(
    site: Site, ledger_of: Callable[[Site], Followed], amendments_of: Callable[[Site], Followed], copying: _Copying
) -> None:
    """Copy everything that a site stands on. Raise OSError."""
    if site.roster_path and site.roster_path.exists() and not copying.has(site.roster_path):
        copying.copy(site.roster_path, _chunks(site.roster_path))
        if pins_path(site.roster_path).exists():
            copying.copy(pins_path(site.roster_path), _chunks(pins_path(site.roster_path)), SECRET_MODE)
    for path, followed_of in ((site.csv_path, ledger_of), (amendments_path(site.csv_path), amendments_of)):
        # The seals speak of rows that are in the file: it is copied after them, so it holds all of those.
        if seals_path(path).exists():
            copying.copy(seals_path(path), _whole_lines(_chunks(seals_path(path))))
        _copy_rows(followed_of(site), copying)
    # A row speaks of the sheet of a month that lay there before it was written: these come after the rows.
    for sheet in sorted(closed_folder(site.csv_path).glob("*.csv")):
        copying.copy(sheet, _chunks(sheet))


def _copy_rows(followed: Followed, copying: _Copying) -> None:
    """Copy the committed bytes of a file of rows, or all of its bytes where it is damaged. Raise OSError."""
    path, log = followed.path, followed.log
    try:
        if log.untouched() is None:  # mended first, as before a row is written
            with log.exclusive():
                pass
        committed = log.committed()
    except LedgerError as error:
        copying.damaged.append(error.reason)
        if path.exists():
            copying.copy(path, _chunks(path))
        return
    if committed:
        copying.copy(path, log.chunks(0, committed))


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a plain file. Raise LedgerDamagedError if it is not one, OSError."""
    file = OpenFile.at(path, os.O_RDONLY)
    yield from file.chunks(0, file.size())


def _whole_lines(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what stands before the last line feed: the line behind it may be half written."""
    rest = b""
    for piece in content:
        lines, feed, rest = (rest + piece).rpartition(b"\n")
        yield lines + feed


def _sums(sums: dict[str, str]) -> bytes:
    """Return the check sums as `sha256sum --check` reads them: a line with escapes begins with a backslash."""
    lines = []
    for name, digest in sums.items():
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        mark = "" if escaped == name else "\\"
        lines.append(f"{mark}{digest}  {escaped}\n")
    return os.fsencode("".join(lines))


def _said(error: OSError | LedgerError) -> str:
    """Return what the system said, and of which file."""
    if isinstance(error, LedgerError):
        return error.reason
    return f"{error.filename or 'the disk'}: {error.strerror}"
