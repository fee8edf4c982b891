"""Own the search for files that were taken away while somebody has them open still."""

import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from attendance.files import OpenFile


def find_open(path: Path, inode: int | None = None) -> OpenFile | None:
    """Return the file that stood at the path, under this inode if one is given, if any process has it open still.

    The link of a descriptor opens the file even after it was deleted (proc_pid_fd(5)). It says `path (deleted)` then,
    and `path.bak` or `path~` where it was moved aside; the name is asked for, since the inode of a deleted file may by
    now be that of another site's ledger, which ends in `.csv`.
    """
    name = str(path.parent.resolve() / path.name)
    for link, target in _open_links():
        if target.startswith(name) and (target == name or not target.endswith(".csv")):
            with suppress(OSError):  # it was closed meanwhile
                if inode in {None, os.stat(link).st_ino}:  # noqa: PTH116  # a link that has no path
                    return OpenFile(os.open(link, os.O_RDONLY | os.O_CLOEXEC))
    return None


class Sight:
    """What this process saw of a folder when it last looked: its entries, and what anybody had open of it.

    To look takes long where thousands of files are open, and in a new folder each of a thousand new ledgers would ask.
    So a look holds for a moment: what was not there at all by then is younger than that.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[Path, tuple[float, list[str]]] = {}
        self._one_at_a_time = Lock()

    def knows(self, path: Path) -> bool:
        """Tell whether anything stood at the path at the last look, or anybody had it open, or it was asked for since.

        Raise OSError.
        """
        with self._one_at_a_time:
            names = self._names(path.parent)
            at = bisect_left(names, path.name)
            known = at < len(names) and names[at].startswith(path.name)
            names.insert(at, path.name)  # whoever asks makes it
            return known

    def _names(self, folder: Path) -> list[str]:
        """Return what was seen in a folder, in order; look again if that was too long ago."""
        looked_seconds, names = self._seen.get(folder, (-self._seconds, []))
        if time.monotonic() - looked_seconds >= self._seconds:
            looked_seconds, begin = time.monotonic(), f"{folder.resolve()}/"
            targets = [target for _, target in _open_links() if target.startswith(begin)]
            names = sorted([*os.listdir(folder), *(target.removeprefix(begin) for target in targets)])  # noqa: PTH208
            self._seen[folder] = looked_seconds, names
        return names


def _open_links() -> Iterator[tuple[str, str]]:
    """Yield the link of every descriptor that this process may look at, and where it leads.

    There may be ten thousand, and a new ledger waits for it: no Path is made.
    """
    for process in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208
        folder = f"/proc/{process}/fd"
        with suppress(OSError):  # it ended meanwhile, or is not ours to look into
            for name in os.listdir(folder):  # noqa: PTH208
                link = f"{folder}/{name}"
                with suppress(OSError):
                    yield link, os.readlink(link)  # noqa: PTH115
