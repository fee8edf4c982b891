"""Own what a monitoring system scrapes: the state of every site, looked at when it is asked for; it counts nothing.

So every worker gives the same answer, but for the one metric that speaks of the worker itself.
"""

from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from attendance import __version__
from attendance.clock import ZONE_DATABASE_VERSION
from attendance.eventlog import dropped_lines
from attendance.model import Grant, Site
from attendance.web.access import OPERATES, CallerDep
from attendance.web.deps import Services, ServicesDep
from attendance.web.document import problems
from attendance.web.readiness import Looked, look_at_sites

METRICS: dict[str, tuple[str, Sequence[str]]] = {
    "attendance_info": ("Always 1; the versions of the program and of its zones.", ["version", "zone_database"]),
    "attendance_sites": ("Sites in the registry, of those that the token is good for.", []),
    "attendance_registry_problems": ("Mistakes in a registry that was refused; the old one is in force.", []),
    "attendance_site_ready": ("1 if the site could record a mark now, else 0.", ["site"]),
    "attendance_site_problem": ("1 for each code of an error that would stop a mark now.", ["site", "code"]),
    "attendance_site_warning": ("1 for each code of what does not stop a mark yet.", ["site", "code"]),
    "attendance_ledger_bytes": ("Size of the ledger; 0 before the first mark, missing if unreadable.", ["site"]),
    "attendance_worker_dropped_log_lines": (
        "Lines of the log that the worker which answers could not write; another worker may say another number.",
        [],
    ),
}
"""Each metric with its help and its labels."""

router = APIRouter(tags=["health"], dependencies=[Depends(OPERATES)], responses=problems(401, 403))


@router.get("/metrics", response_class=PlainTextResponse, response_description="Every metric, with its help.")
def metrics(services: ServicesDep, caller: CallerDep) -> Response:
    """Tell the state of every site that the caller looks after, in Prometheus's text format."""
    registry = CollectorRegistry()  # run in a thread, since it asks the disk
    registry.register(_State(services, caller.grant))
    return Response(
        generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"}
    )


class _State(Collector):
    """What one scrape finds."""

    def __init__(self, services: Services, grant: Grant) -> None:
        self._services = services
        self._grant = grant

    def describe(self) -> Iterator[Metric]:
        """Yield nothing, so that to register it looks at nothing."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it is now."""
        registry_file = self._services.registry_file
        looked = list(look_at_sites(self._services, self._grant))
        yield _gauge("attendance_info", {(__version__, ZONE_DATABASE_VERSION): 1})
        yield _gauge("attendance_sites", {(): len(looked)})
        yield _gauge("attendance_registry_problems", {(): len(registry_file.problems)})
        yield _gauge("attendance_site_ready", {(one.site.site_id,): int(not one.problems) for one in looked})
        yield _gauge("attendance_site_problem", _codes(looked, "problems"))
        yield _gauge("attendance_site_warning", _codes(looked, "warnings"))
        yield _gauge("attendance_ledger_bytes", dict(_sizes(one.site for one in looked)))
        yield _gauge("attendance_worker_dropped_log_lines", {(): dropped_lines()})


def _gauge(name: str, values: dict[tuple[str, ...], int]) -> Metric:
    """Return a metric with its values, each under what its labels say."""
    text, labels = METRICS[name]
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for said, value in values.items():
        gauge.add_metric(said, value)
    return gauge


def _codes(looked: Sequence[Looked], kind: str) -> dict[tuple[str, ...], int]:
    """Return a 1 for each code that was found at each site."""
    return {(one.site.site_id, found["code"]): 1 for one in looked for found in getattr(one, kind)}


def _sizes(sites: Iterator[Site]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield how large each ledger is, of those that can be looked at."""
    for site in sites:
        try:
            yield (site.site_id,), site.csv_path.stat().st_size
        except FileNotFoundError:
            yield (site.site_id,), 0
        except OSError:  # the codes of the site tell why
            continue
