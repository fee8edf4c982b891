"""Own what keeps a benchmark from measuring: a message that says what to do, and no figure."""


class BenchmarkError(Exception):
    """Something did not come about as it should, so no figure would mean anything."""


class StartError(BenchmarkError):
    """A server did not start, or the system does not tell what it uses."""


class LoadError(BenchmarkError):
    """The load was not what it should be."""


class NoWrkError(BenchmarkError):
    """wrk is not installed."""

    def __init__(self) -> None:
        super().__init__("wrk is missing, which makes the load. Install it (on Debian: apt-get install wrk).")
