"""Own file systems that a test may break: mounted for a block of code, and gone after it whatever happened."""

import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_FS_IOC_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are this number too
_NO_LOG_FLUSH = struct.pack("I", 2)
_BLOCKS = {"ext4": "4096", "xfs": "size=4096"}  # as on a large disk
_MEGABYTES = {"ext4": 200, "xfs": 320}  # mkfs.xfs wants 300 at least
_THIN_BYTES = 96 << 20
_UNMOUNT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """An image file with a file system, mounted at `folder` through a loop device that ends with the mount."""

    image: Path
    folder: Path
    options: Sequence[str] = ()

    def mount(self) -> None:
        """Mount it; after a cut its journal is replayed."""
        self.folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", ",".join(["loop", *self.options]), self.image, self.folder], check=True)

    def unmount(self) -> None:
        """Unmount it, as soon as those who were killed have let go of it; return once it is gone from the machine.

        Who has made a mount namespace of its own meanwhile, as sandboxes do, has it mounted there too: mounted again
        it would be the same file system as before, still cut off.
        """
        unmount(self.folder)
        deadline = time.monotonic() + _UNMOUNT_SECONDS
        while subprocess.run(["losetup", "-j", self.image], check=True, capture_output=True).stdout:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.image} was in use for {_UNMOUNT_SECONDS} seconds")
            time.sleep(0.05)

    def cut_power(self) -> None:
        """Forget at once whatever was not flushed, the journal's last entries too, and refuse everything from now on.

        What the kernel does on this call of ext4 and xfs is what a disk looks like after the power went.
        """
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _FS_IOC_SHUTDOWN, _NO_LOG_FLUSH)
        finally:
            os.close(descriptor)

    def report_error(self) -> None:
        """Have the file system believe that it found an error in itself (ext4)."""
        found = subprocess.run(["findmnt", "-no", "SOURCE", self.folder], check=True, capture_output=True, text=True)
        device = Path(found.stdout.strip()).name
        (Path("/sys/fs/ext4") / device / "trigger_fs_error").write_text("1", encoding="ascii")

    def give_back_free_space(self) -> None:
        """Have the image hold no more than what the file system uses; it takes space from below when it writes."""
        subprocess.run(["fstrim", self.folder], check=True)


@contextmanager
def loop_disk(image: Path, folder: Path, kind: str = "ext4", options: Sequence[str] = ()) -> Iterator[Disk]:
    """Make a file system in a sparse image file and mount it at the folder."""
    with image.open("wb") as file:
        file.truncate(_MEGABYTES[kind] << 20)
    subprocess.run([f"mkfs.{kind}", "-q", "-b", _BLOCKS[kind], image], check=True)
    with _mounted(Disk(image=image, folder=folder, options=options)) as disk:
        yield disk
    image.unlink()


@contextmanager
def thin_disk(image: Path, folder: Path) -> Iterator[Disk]:
    """Make an ext4 whose own records have their space below, and whose free space has none yet."""
    with image.open("wb") as file:
        file.truncate(_THIN_BYTES)
    options = ["-b", "4096", "-J", "size=4", "-E", "lazy_itable_init=0,nodiscard"]
    subprocess.run(["mkfs.ext4", "-q", *options, image], check=True)
    with image.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, _THIN_BYTES)  # the journal too
    with _mounted(Disk(image=image, folder=folder)) as disk:
        disk.give_back_free_space()
        yield disk


@contextmanager
def memory_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk in memory at the folder (tmpfs)."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        unmount(folder)


def fill(folder: Path) -> Path:
    """Take all space that is left on a disk, and return the file that has it."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return ballast


def unmount(folder: Path) -> None:
    """Unmount what is mounted at the folder; from under somebody who still uses it only when waiting did not help."""
    deadline = time.monotonic() + _UNMOUNT_SECONDS
    while subprocess.run(["umount", folder], check=False, capture_output=True).returncode:
        if not _is_mounted(folder):
            return
        if time.monotonic() > deadline:
            subprocess.run(["umount", "--lazy", folder], check=True)
            raise TimeoutError(f"{folder} was in use for {_UNMOUNT_SECONDS} seconds")
        time.sleep(0.05)


def _is_mounted(folder: Path) -> bool:
    """Tell whether something is mounted at the folder; it is not asked itself, since after a cut it may not answer."""
    return f" {folder.parent.resolve() / folder.name} " in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


@contextmanager
def _mounted(disk: Disk) -> Iterator[Disk]:
    """Have the disk mounted, and unmounted at the end."""
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()
