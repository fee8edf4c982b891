"""Own the lease on a log: one home, a machine or a container, writes it; others are refused until it is silent."""

import os
import socket
import struct
import time
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

LEASE_SECONDS = 15.0
"""A home that was silent for so long is gone. It is watched for as long: clocks of two machines are never compared."""

BEAT_SECONDS = 3.0
"""A home lets hear of itself so often, also while nobody marks."""

_MAGIC = b"attlease"
_HOME_BYTES = 16
_FIELDS = struct.Struct(f"<8s{_HOME_BYTES}sQ64s")
_CHECK = struct.Struct("<I")
LEASE_BYTES = _FIELDS.size + _CHECK.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Whose home it is: a digest, the machine's name for people, and a number that changes at each sign of life."""

    home: bytes
    host: str
    beat: int = 0

    def pack(self) -> bytes:
        """Return the lease with its check sum, so that a torn or empty one reads as none."""
        host = self.host.encode()[:64].decode(errors="ignore").encode()
        fields = _FIELDS.pack(_MAGIC, self.home, self.beat, host)
        return fields + _CHECK.pack(crc32(fields))

    @classmethod
    def unpack(cls, packed: bytes) -> "Lease | None":
        """Return the lease that was packed, or None where there is none."""
        fields, check = packed[: _FIELDS.size], packed[_FIELDS.size :]
        if not fields.startswith(_MAGIC) or len(check) != _CHECK.size or _CHECK.unpack(check) != (crc32(fields),):
            return None
        _, home, beat, host = _FIELDS.unpack(fields)
        return cls(home=home, beat=beat, host=host.rstrip(b"\0").decode())


@cache
def this_home() -> Lease:
    """Return the lease of this home: one boot of one machine, and in it one container. Raise OSError.

    Processes see each other exactly if they share a kernel and its table of processes (pid_namespaces(7)): then a dead
    one's locks are free, and nobody has to be waited for.
    """
    host, key = socket.gethostname(), b""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        namespace = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116  # where the link leads has no path
    except FileNotFoundError:  # a sandbox hides it: the name of the machine has to do
        boot, namespace, key = b"", 0, host.encode()[:64]
    name = f"{host}, processes {namespace}"
    home = blake2b(boot + namespace.to_bytes(8, "little"), digest_size=_HOME_BYTES, key=key).digest()
    return Lease(home=home, host=name)


class Watch:
    """What this process has seen of another home, and since when it is the same."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since_seconds = 0.0

    def silent_seconds(self, signs: object) -> float:
        """Return for how long the signs of that home have been the same, as far as was looked."""
        now_seconds = time.monotonic()
        if signs != self._seen:
            self._seen, self._since_seconds = signs, now_seconds
        return now_seconds - self._since_seconds
