"""Own the seals of a log: a chain of digests over its committed bytes, which anybody can check without this program."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from attendance.appendlog import AppendLog, Lines
from attendance.errors import FlushFailedError
from attendance.files import CHUNK_BYTES
from attendance.model import Incident

HEADER = b"Sealed_At,Offset,Digest,Previous\n"
_NONE = "0" * 64
_LINE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ),(0|[1-9]\d{0,17}),([0-9a-f]{64}),([0-9a-f]{64})\n")
_LONGEST_BYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One line: when it was written (UTC), up to which offset it speaks, the digest, and that of the line before.

    The digest is the SHA-256 of `Sealed_At,Offset,Previous`, a line feed, and the bytes from the offset of the line
    before until this one.
    """

    sealed_at: str
    offset: int
    digest: str
    previous: str

    @classmethod
    def over(cls, pieces: Iterable[bytes], before: "Seal", *, sealed_at: str, offset: int) -> "Seal":
        """Return the seal over the bytes behind those of the one before."""
        digest = sha256(f"{sealed_at},{offset},{before.digest}\n".encode())
        for piece in pieces:
            digest.update(piece)
        return cls(sealed_at=sealed_at, offset=offset, digest=digest.hexdigest(), previous=before.digest)

    @classmethod
    def decode(cls, line: bytes) -> "Seal | None":
        """Return the seal of a line, line feed included, or None if it is none."""
        found = _LINE.fullmatch(line)
        if found is None:
            return None
        sealed_at, offset, digest, previous = (part.decode() for part in found.groups())
        return cls(sealed_at=sealed_at, offset=int(offset), digest=digest, previous=previous)

    def encode(self) -> bytes:
        """Return the line."""
        return f"{self.sealed_at},{self.offset},{self.digest},{self.previous}\n".encode()


_BEFORE_ALL = Seal(sealed_at="", offset=0, digest=_NONE, previous=_NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a log and its seals part: the line of the seals, and the first byte of the log that it cannot speak for.

    The byte is `exact` where a copy that agrees with the seal shows it; else the change is at it or behind it.
    """

    line: int
    byte: int
    exact: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """How many seals agree with a log, up to which byte, and what is wrong with the next one."""

    seals: int
    sealed: int
    broken: Break | None


class Seals:
    """The seals of the log at `path`, in a file beside it that is itself only ever appended to."""

    def __init__(self, path: Path, *, report: Callable[[Incident], None]) -> None:
        self.path = seals_path(path)
        self._log = AppendLog(
            self.path, Lines(header=HEADER, is_line=lambda line: bool(Seal.decode(line))), report=report
        )

    def offset(self) -> int:
        """Return up to which byte the log is sealed. Raise LedgerError."""
        return self._last(self._log.committed()).offset

    def extend(self, chunks: Callable[[int, int], Iterator[bytes]], offsets: Sequence[int], now: datetime) -> None:
        """Seal up to each of the offsets, which ascend; `chunks` yields the bytes between two. Raise LedgerError."""
        sealed_at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        with self._log.exclusive() as size:
            last, lines = self._last(size), []
            for offset in offsets:
                if offset > last.offset:
                    last = Seal.over(chunks(last.offset, offset), last, sealed_at=sealed_at, offset=offset)
                    lines.append(last.encode())
            if lines:
                self._log.append(b"".join(lines))

    def recover(self) -> None:
        """Go on sealing after a failed flush of the seals. Raise LedgerError."""
        try:
            self._log.require_sound()
        except FlushFailedError:
            self._log.recover()

    def close(self) -> None:
        """Let go of the descriptors."""
        self._log.close()

    def _last(self, size: int) -> Seal:
        """Return the last seal."""
        if not size:
            return _BEFORE_ALL
        *_, line = self._log.read(max(0, size - _LONGEST_BYTES), size).splitlines(keepends=True)
        return Seal.decode(line) or _BEFORE_ALL


def seals_path(path: Path) -> Path:
    """Return where the seals of a log lie."""
    return path.with_suffix(".seals.csv")


def examine(path: Path, copy_path: Path) -> Examined:
    """Compare the log at `path` with its seals; a copy tells the exact byte where they part. Raise OSError."""
    before, count = _BEFORE_ALL, 0
    with path.open("rb") as log, seals_path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            if (line == HEADER and number == 1) or not line.endswith(b"\n"):  # half a line after a power cut
                continue
            seal = Seal.decode(line)
            if seal is None or seal.previous != before.digest or seal.offset <= before.offset:
                broken = Break(line=number, byte=before.offset, exact=False, message="a seal does not follow the last")
            elif _over(log, before, seal) == seal:
                before, count = seal, count + 1
                continue
            else:
                broken = _part(log, copy_path, before, seal, number)
            return Examined(seals=count, sealed=before.offset, broken=broken)
    return Examined(seals=count, sealed=before.offset, broken=None)


def _over(log: BinaryIO, before: Seal, seal: Seal) -> Seal:
    """Return the seal that the log gives in the place of this one."""
    pieces = _pieces(log, before.offset, seal.offset)
    return Seal.over(pieces, before, sealed_at=seal.sealed_at, offset=seal.offset)


def _part(log: BinaryIO, copy_path: Path, before: Seal, seal: Seal, line: int) -> Break:
    """Return where a log that a seal does not agree with parts from its copy, if that agrees."""
    byte, exact = before.offset, False
    with suppress(OSError), copy_path.open("rb") as copy:
        if _over(copy, before, seal) == seal:
            ours, theirs = (b"".join(_pieces(file, before.offset, seal.offset)) for file in (log, copy))
            pairs = zip(ours, theirs, strict=False)
            byte += next((at for at, (one, other) in enumerate(pairs) if one != other), len(ours))
            exact = True
    size = log.seek(0, SEEK_END)
    message = "the ledger is shorter than it was" if size < seal.offset else "the ledger is not what it was"
    return Break(line=line, byte=min(byte, size), exact=exact, message=message)


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a file between two offsets in pieces, fewer where it is shorter."""
    file.seek(start)
    while start < end and (piece := file.read(min(CHUNK_BYTES, end - start))):
        start += len(piece)
        yield piece
