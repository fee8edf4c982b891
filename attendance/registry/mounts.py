"""Own the question on what kind of file system a path lies: locks and flushes mean what they say on local ones only."""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|afs|ceph|9p|virtiofs|vboxsf|prl_fs|lustre|gpfs|beegfs|glusterfs|ocfs2|gfs2|fuse.*"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_file_system(path: Path) -> str | None:
    """Return the type of the file system of a path if it is shared by machines or run by a program, else None.

    The path need not be there yet. What is mounted where is told by the system (proc_pid_mountinfo(5)).
    """
    path = path.resolve()
    kind, longest = "", -1
    lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if MOUNTS.exists() else []
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields.split(" ")[4]))
        depth = len(point.parts)
        if depth >= longest and path.is_relative_to(point):  # of two at one place the last is on top
            kind, longest = rest.split(" ")[0], depth
    return kind if _NETWORK.fullmatch(kind) else None
