"""A body is read in one pass where it is nothing but right; that says the same as the closer look."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attendance.errors import AttendanceError
from attendance.web.api import marking

_texts = st.text(max_size=8) | st.sampled_from(["Present", '"', "\\", "employee_id", "\ud800"])
_keys = st.sampled_from(["employee_id", "name", "status", "pin", "site"])
_values = _texts | st.none() | st.integers() | st.lists(_texts, max_size=2)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Objects, often those of a mark, in which a key may stand twice and anything be escaped; or other bytes."""
    pairs = draw(st.lists(st.tuples(_keys, _values), max_size=5))
    plain = draw(st.booleans())
    parts = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=not plain)}" for key, value in pairs]
    text = "{" + ", ".join(parts) + "}"
    if draw(st.booleans()):
        text = text.replace("e", "\\u0065", 1)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    return text.encode(encoding, "surrogatepass")


def outcome(body: bytes) -> object:
    """Return the mark that a body asks for, or what is wrong with it."""
    try:
        return marking.read_mark(body)
    except AttendanceError as error:
        return error.code, getattr(error, "fields", None)


@given(bodies() | st.binary(max_size=40))
@example(b'{"employee_id": "a", "employee_id": "b", "status": "c"}')
@example(b'{"employee_id": "a", "\\u0065mployee_id": "b", "status": "c"}')
@example(b'{"employee_id": 1, "employee_id": "b", "status": "c"}')
@example(b'{"employee_id": "a", "status": "c", "name": "\\""}')
def test_both_ways_of_reading_agree(body: bytes) -> None:
    """Whatever comes: the same mark, or the same refusal."""
    told = outcome(body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marking, "_read_quickly", lambda _: None)
        assert told == outcome(body)
