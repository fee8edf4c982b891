"""Read what `strace -f -y -o FILE` wrote of several threads, and say which answers went out before their row was safe.

The order of the lines is the order of cause and effect: a thread stands still at the beginning and at the end of each
call until strace has written it down. So a call that was caused by the end of another begins on a later line.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"(?P<thread>\d+) +(?:[\d:.]+ +)?(?P<said>.*)")
_WHOLE = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?).*")
_BEGUN = re.compile(r"(?P<name>\w+)\((?P<arguments>.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)\) += (?P<result>-?\d+|\?).*")
_NO_CALL = re.compile(r"--- .* ---|\+\+\+ .* \+\+\+|.* <detached \.\.\.>")
_TARGET = re.compile(r"\d+<(?P<target>[^>]*)>")
_STRING = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"(?P<cut>\.\.\.)?')
_HEAD = re.compile(rb"HTTP/1\.1 (?P<status>\d{3}) ")
_EMPLOYEE = re.compile(rb'"employee_id":"(?P<id>[^"]+)"')
_ROW = re.compile(rb"^\d{4}-[^,\n]+,(?P<id>[^,\n]+),[^\n]+,[^,\n]+\n", re.MULTILINE)
_WRITES = {"write", "writev", "pwrite64", "pwritev", "pwritev2"}
_SENDS = {"write", "writev", "sendto", "sendmsg"}
_FLUSHES = {"fdatasync", "fsync"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A system call: what it was for, the lines on which it began and ended, and its result (None: it never ended)."""

    name: str
    arguments: str
    begun: int
    ended: int
    result: int | None

    @property
    def target(self) -> str:
        """Return the path of the file, or the name of the socket, that its descriptor stands for."""
        found = _TARGET.match(self.arguments)
        return found["target"] if found else ""

    @property
    def content(self) -> bytes:
        """Return the bytes that it was given. Raise ValueError where strace cut them off (its option -s)."""
        found = list(_STRING.finditer(self.arguments))
        if any(string["cut"] for string in found):
            raise ValueError(f"cut off: {self.arguments}")
        return b"".join(string["text"].encode().decode("unicode_escape").encode("latin-1") for string in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer of the server: its status, whom it is about, and the line on which its first byte went out."""

    status: int
    employee_id: str
    begun: int


def calls_in(trace: str) -> list[Call]:
    """Return the calls of a trace in the order of their ends. Raise ValueError at a line that is not understood."""
    open_calls: dict[str, tuple[int, str, str]] = {}
    calls = []
    for number, text in enumerate(trace.splitlines(), start=1):
        line = _LINE.fullmatch(text)
        if line is None:
            raise ValueError(f"line {number} is not one of strace's: {text}")
        thread, said = line["thread"], line["said"]
        if found := _RESUMED.fullmatch(said):
            begun, name, arguments = open_calls.pop(thread, (0, found["name"], ""))
            if name != found["name"]:
                raise ValueError(f"line {number} resumes another call than {name}: {text}")
            if begun:  # else strace came when it was under way already
                calls.append(_call(found, begun, number, arguments))
        elif found := _BEGUN.fullmatch(said):
            open_calls[thread] = number, found["name"], found["arguments"]
        elif found := _WHOLE.fullmatch(said):
            calls.append(_call(found, number, number))
        elif not _NO_CALL.fullmatch(said):
            raise ValueError(f"line {number} is no call: {text}")
    return calls


def _call(found: re.Match[str], begun: int, ended: int, arguments: str = "") -> Call:
    """Return the call of which the last line was found."""
    return Call(
        name=found["name"],
        arguments=arguments + found["arguments"],
        begun=begun,
        ended=ended,
        result=None if found["result"] == "?" else int(found["result"]),
    )


def answers_in(calls: Iterable[Call]) -> Iterator[Sent]:
    """Yield each answer that went out over a socket; its head and its body may go out by themselves."""
    heads: dict[str, tuple[int, int]] = {}
    for call in sorted(calls, key=lambda one: one.begun):
        if call.name not in _SENDS or not call.target.startswith("socket:"):
            continue
        if head := _HEAD.search(call.content):
            heads[call.target] = int(head["status"]), call.begun
        if (employee := _EMPLOYEE.search(call.content)) and call.target in heads:
            status, begun = heads.pop(call.target)
            yield Sent(status=status, employee_id=employee["id"].decode(), begun=begun)


def too_early(calls: list[Call], ledger: Path) -> list[str]:
    """Return who was answered 201 before a flush of the ledger had succeeded that began after their row was written."""
    flushes = [one for one in calls if one.name in _FLUSHES and one.target == str(ledger) and one.result == 0]
    written: dict[str, int] = {}
    for call in calls:
        if call.name in _WRITES and call.target == str(ledger):
            for row in _ROW.finditer(call.content[: call.result or 0]):
                written[row["id"].decode()] = call.ended
    return [
        answer.employee_id
        for answer in answers_in(calls)
        if answer.status == 201
        and not any(
            written.get(answer.employee_id, answer.begun) < flush.begun and flush.ended < answer.begun
            for flush in flushes
        )
    ]
