"""Claims about streams of the real server: each mark at once, over all workers, and no longer than due."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest

from attendance.live import watching
from attendance.model import Grant, Role
from attendance.web.cookies import SESSION
from tests.servers import (
    ANSWER_SECONDS,
    Server,
    granting_of,
    is_worker,
    rushing,
    serving,
    sign_in,
    wait_until,
    whole_rows,
    write_sites,
)
from tests.streams import Ear, Event, listening

SOON_SECONDS = 1.0
LATE_SECONDS = 5.0  # at the worst, on a machine that tests many things at once
ENDED_SECONDS = 2.5  # asked once a second, on a machine that has other things to do
SITES = {"london": "timezone: Europe/London", "kathmandu": "timezone: Asia/Kathmandu"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers."""
    folder = tmp_path_factory.mktemp("live")
    write_sites(folder, **SITES)
    with serving(folder) as running:
        yield running


def ids(events: list[Event]) -> list[str]:
    """Return whom marks are about."""
    return [event.body["employee_id"] for event in events if event.kind == "mark"]


def told_of(ear: Ear, count: int) -> list[str]:
    """Return whom the next marks are about, as soon as so many are here."""
    return ids(ear.wait_for(count))


def test_a_mark_over_any_worker_is_told_within_a_second(server: Server) -> None:
    """To every stream of its site, whichever worker has it; connections are spread over both."""
    with ExitStack() as stack:
        ears = [stack.enter_context(listening(server, "london")) for _ in range(4)]
        begun = [ear.wait_for(1)[0].kind for ear in ears]
        late = []
        for number in range(6):
            marked_at = time.monotonic()
            assert server.mark(f"SOON-{number}")[0] == 201
            late += [event.at_seconds - marked_at for ear in ears for event in ear.wait_for(1)]

    assert begun == ["board"] * 4
    assert len(late) == 24
    assert median(late) < SOON_SECONDS
    assert max(late) < LATE_SECONDS


def test_a_stream_of_all_sites_begins_with_each_of_them(server: Server) -> None:
    """Each at its own date, and its marks follow."""
    with listening(server) as ear:
        boards = ear.wait_for(2)
        server.mark("ALL-1", "kathmandu")
        (event,) = ear.wait_for(1)

    assert [board.body["site"] for board in boards] == ["london", "kathmandu"]
    assert [board.body["offset_seconds"] for board in boards] == [0, 20_700]
    assert (event.body["site"], event.body["employee_id"]) == ("kathmandu", "ALL-1")
    assert event.body["timestamp"].endswith("+05:45")


def test_whoever_comes_again_hears_each_row_once(server: Server) -> None:
    """At whichever worker they arrive; ten times cut off in the middle of a rush."""
    told: list[str] = []
    last = ""
    with rushing(server) as rush:
        for _ in range(10):
            with listening(server, "london", last=last) as ear:
                told += ids(list(ear.events(0.3)))
                last = ear.places
    with listening(server, "london", last=last) as ear:
        told += ids(list(ear.events(1.5)))

    rows = [row[1] for row in whole_rows(server.folder / "data" / "london.csv")]
    assert len(rush.acknowledged) > 50
    assert len(told) == len(set(told))
    assert told == rows[rows.index(told[0]) :]


def test_a_restart_of_the_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Whoever comes again afterwards hears what was marked meanwhile, and nothing twice."""
    write_sites(tmp_path, **SITES)
    with serving(tmp_path) as server, listening(server) as ear:
        ear.wait_for(2)
        server.mark("BEFORE")
        before = told_of(ear, 1)
        last = ear.places
        server.mark("MISSED")
        server.stop()
    with serving(tmp_path) as server:
        server.mark("MISSED-TOO", "kathmandu")
        with listening(server, last=last) as ear:
            missed = told_of(ear, 2)
            server.mark("AFTER")
            after = told_of(ear, 1)

    assert (before, sorted(missed), after) == (["BEFORE"], ["MISSED", "MISSED-TOO"], ["AFTER"])


def test_a_stop_ends_open_streams_at_once(tmp_path: Path) -> None:
    """Marks that were accepted are answered, and the server is gone in well under ten seconds."""
    write_sites(tmp_path, **SITES)
    with serving(tmp_path) as server, ExitStack() as stack:
        ears = [stack.enter_context(listening(server)) for _ in range(6)]
        for ear in ears:
            ear.wait_for(2)
        with rushing(server) as rush:
            time.sleep(0.5)
            began = time.monotonic()
            os.kill(server.process.pid, signal.SIGTERM)
            ends = [ear.wait_for_end(3) for ear in ears]
            code = server.process.wait(10)
            took_seconds = time.monotonic() - began

    assert (code, max(ends) < 2) == (0, True)
    assert took_seconds < 4
    assert not rush.refused | rush.torn
    assert rush.acknowledged <= {row[1] for row in whole_rows(tmp_path / "data" / "london.csv")}
    assert "SIGKILL" not in server.log
    assert "Traceback" not in server.log


def test_a_reload_ends_streams_which_begin_again(server: Server) -> None:
    """Old workers leave, and the new ones go on behind the last row."""
    with listening(server, "london") as ear:
        ear.wait_for(1)
        server.mark("RELOAD-1")
        assert told_of(ear, 1) == ["RELOAD-1"]
        before = server.workers()
        server.process.send_signal(signal.SIGHUP)
        ear.wait_for_end(5)
        last = ear.places
    wait_until(lambda: not any(map(is_worker, before)), 10)

    server.mark("RELOAD-2")
    with listening(server, "london", last=last) as ear:
        assert told_of(ear, 1) == ["RELOAD-2"]


@pytest.mark.parametrize("how", ["signed out", "disabled", "other sites"])
def test_a_stream_ends_soon_after_its_right_does(server: Server, how: str) -> None:
    """The session, the account, or what it is good for."""
    granting, name = granting_of(server.folder), "test-viewer"
    session = sign_in(server.folder, "viewer")
    granting.enable(name, by="test")
    session = sign_in(server.folder, "viewer")
    with listening(server, "london", Cookie=f"{SESSION}={session}") as ear:
        assert ear.wait_for(1)
        if how == "signed out":
            assert server.ask("POST", "/sign-out", Cookie=f"{SESSION}={session}")[0] == 303
        elif how == "disabled":
            granting.disable(name, by="test")
        else:
            granting.regrant(name, Grant(roles=frozenset({Role.VIEWER}), site_ids=frozenset({"kathmandu"})), by="test")
        ended_after = ear.wait_for_end(6)
        refused = server.ask("GET", "/api/live?follow=false", Cookie=f"{SESSION}={session}")[0]

    assert ended_after < ENDED_SECONDS
    assert refused == 401


def test_a_token_that_is_taken_away_ends_its_stream(server: Server) -> None:
    """Within seconds."""
    grant = Grant(roles=frozenset({Role.VIEWER}), site_ids=frozenset({"london"}))
    secret = granting_of(server.folder).add_token("gone", grant, 1, by="test")
    with listening(server, "london", Authorization=f"Bearer {secret}") as ear:
        assert ear.wait_for(1)
        granting_of(server.folder).revoke_token("gone", by="test")

        assert ear.wait_for_end(6) < ENDED_SECONDS


def test_nobody_hears_of_the_sites_of_others(server: Server) -> None:
    """Neither asked for by name nor among all."""
    grant = Grant(roles=frozenset({Role.VIEWER}), site_ids=frozenset({"london"}))
    secret = granting_of(server.folder).add_token("one-site", grant, 1, by="test")
    with listening(server, "kathmandu", Authorization=f"Bearer {secret}") as refused:
        assert refused.status == 403
    with listening(server, Authorization=f"Bearer {secret}") as ear:
        boards = ear.wait_for(1)
        server.mark("OTHERS", "kathmandu")
        server.mark("OURS")
        heard = ear.wait_for(1)

    assert [event.body["site"] for event in boards + heard] == ["london", "london"]


def test_a_silent_stream_shows_that_it_lives(server: Server) -> None:
    """A comment every ten seconds, before a proxy closes it."""
    with listening(server, "kathmandu") as ear:
        ear.wait_for(1)
        list(ear.events(11.5))

    assert ear.comments >= 1
    assert "x-accel-buffering: no" in ear.head.lower()
    assert "cache-control: no-store" in ear.head.lower()


def test_streams_are_bounded_and_those_that_went_make_room(tmp_path: Path) -> None:
    """One more than a process allows is refused with a code; whoever closes the page gives the place back."""
    write_sites(tmp_path)
    with serving(tmp_path, workers=1) as server, ExitStack() as stack:
        for _ in range(watching.MAX_STREAMS):
            stack.enter_context(listening(server, "london"))
        with listening(server, "london") as refused:
            status, head = refused.status, refused.head
        stack.pop_all().close()

        def room() -> bool:
            with listening(server, "london") as ear:
                return ear.status == 200

        wait_until(room, ANSWER_SECONDS)
        code = server.mark("ROOM")[0]

    assert (status, "retry-after" in head.lower()) == (503, True)
    assert code == 201


def test_somebody_who_does_not_read_is_dropped_and_delays_nobody(server: Server) -> None:
    """Their buffer is bounded; others hear every mark, and marks go on."""
    request = f"GET /api/live?site=kathmandu HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    with socket.socket() as deaf, listening(server, "kathmandu") as ear:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 10)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(request.encode())
        ear.wait_for(1)
        with rushing(server, doors=3, site="kathmandu") as rush:
            heard = list(ear.events(3))
        missing = rush.acknowledged - set(ids(heard))
        for event in ear.events(ANSWER_SECONDS if missing else 0):
            heard.append(event)
            missing -= set(ids([event]))
            if not missing:
                break

    assert not rush.refused | rush.torn
    assert {event.kind for event in heard} == {"mark"}
    assert set(ids(heard)) == rush.acknowledged
