"""Claims about a flush that failed: nobody acknowledges or flushes anything until the file was verified."""

from collections.abc import Callable

import pytest

from attendance.model import Site
from tests.faults.calls import Fault, Marker, answers_of_a_new_process, flushes_of, marking, recover
from tests.faults.checker import check_rows

MakeSite = Callable[..., Site]
FAILED_FLUSH = Fault(kind="fdatasync", what="EIO")


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize("unsaid", [False, True], ids=["said at once", "said later"])
def test_after_a_failed_flush_only_an_operator_lets_the_site_go_on(
    unsaid: bool,  # noqa: FBT001  # a parameter of the test
    make_site: MakeSite,
) -> None:
    """No process acknowledges a mark or flushes the file again before `attendance check --recover`; then all do."""
    site = make_site()
    faults = [FAILED_FLUSH, *([Fault(kind="pwrite64", what="EIO")] if unsaid else [])]
    with (
        marking(site, [["E1"]], [["E2"], ["E3"]], [["E2"]], []) as failing,
        marking(site, [["E4"]], [["E5"]], [["E5"]], []) as other,
    ):
        trace = failing.step_under(*faults)
        later_trace = other.step_under()
        with marking(site, [], [["E6"]], []) as new:
            later_trace += new.step_under()
        said = recover(site)
        failing.go_on()
        other.go_on()
        after = answers_of_a_new_process(site, ["E1", "E3", "E6"])

    assert _codes(failing) == ["recorded", "flush_failed", "flush_failed", "recorded"]
    assert _codes(other) == ["recorded", "flush_failed", "recorded"]
    assert _codes(new) == ["flush_failed"]
    assert [answer.code for answer in after] == ["repeated", "recorded", "recorded"]
    assert len(flushes_of(trace, site.csv_path)) == 1
    assert "(INJECTED)" in flushes_of(trace, site.csv_path)[0]
    assert flushes_of(later_trace, site.csv_path) == []
    assert "the site takes marks again" in said
    acknowledged = {row for marker in (failing, other) for row in marker.acknowledged}
    rows = check_rows(site.csv_path, acknowledged)
    assert sorted(row.employee_id for row in rows) == [f"E{number}" for number in range(1, 7)]


@pytest.mark.needs("root", "strace")
def test_other_sites_go_on_after_a_failed_flush(make_site: MakeSite) -> None:
    """A failed flush of one site's file stops that site alone."""
    london, madrid = make_site(), make_site("madrid", "Europe/Madrid")
    with marking(london, [["E1"]], [["E2"]], []) as failing:
        failing.step_under(FAILED_FLUSH)

        elsewhere = answers_of_a_new_process(madrid, ["E2"])
        here = answers_of_a_new_process(london, ["E2"])

    assert [answer.code for answer in elsewhere] == ["recorded"]
    assert [answer.code for answer in here] == ["flush_failed"]


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize("what", ["ENOSPC", "EDQUOT", "EFBIG"])
def test_a_refused_write_leaves_the_file_as_it_was(what: str, make_site: MakeSite) -> None:
    """Where disk, quota or limit are full, the whole group is told so, no byte stays, and the next mark just works."""
    site = make_site()
    with marking(site, [["E1"]], [["E2", "E3"]], [["E2", "E3"]], []) as marker:
        before = site.csv_path.read_bytes()

        marker.step_under(Fault(kind="write", what=what))
        refused = site.csv_path.read_bytes()
        marker.go_on()

    assert refused == before
    assert _codes(marker) == ["recorded", "storage_full", "storage_full", "recorded", "recorded"]
    assert len(check_rows(site.csv_path, marker.acknowledged)) == 3


def _codes(marker: Marker) -> list[str]:
    """Return what the process was answered, in the order of the marks."""
    return [answer.code for answer in marker.answers]
