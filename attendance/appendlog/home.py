"""Own whose home a log is: this process moves in, gives signs of life and says goodbye; another home is refused."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from attendance.appendlog.lease import Lease, Watch, this_home
from attendance.appendlog.lockfile import CommitState, LockFile
from attendance.errors import NotHomeError
from attendance.model import Incident


@dataclass(slots=True, kw_only=True)
class Home:
    """The lease of the log at `path`, in its lock file; another home is gone after so many silent seconds.

    With `seconds` None there is no lease. All but `require` is called with the lock held, and raises OSError.
    """

    path: Path
    lock: LockFile
    seconds: float | None
    report: Callable[[Incident], None]
    moved_in: bool = False
    """Whether this process made it the home, where it was nobody's or another's before."""

    _watch: Watch = field(default_factory=Watch)

    def check(self, state: CommitState | None, lease: Lease | None) -> None:
        """Make this the home of the log; raise NotHomeError while another one lives."""
        if self.seconds is None or (lease and lease.home == this_home().home):
            return
        if lease and self._watch.silent_seconds((lease, state)) < self.seconds:
            raise NotHomeError(self.path, lease.host, self.seconds)
        self.lock.write_lease(this_home())
        self.moved_in = True
        if lease:
            detail = f"{lease.host} wrote it before and was not heard of any more"
            self.report(Incident(code="home_moved", path=self.path, detail=detail))

    def require(self, lease: Lease | None) -> None:
        """Raise NotHomeError if the lease is another home's."""
        if self.seconds is not None and lease and lease.home != this_home().home:
            raise NotHomeError(self.path, lease.host, self.seconds)

    def beat(self, lease: Lease | None) -> None:
        """Give a sign of life."""
        self.lock.write_lease(replace(this_home(), beat=lease.beat + 1 if lease else 0))

    def leave(self, lease: Lease | None) -> None:
        """Say that this is nobody's home any more, if it was ours."""
        if lease and lease.home == this_home().home:
            self.lock.write_lease(None)
