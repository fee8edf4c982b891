"""Claims about arbitrary input (hypothesis): whatever is sent is answered, and never as a defect of ours."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attendance.codec import is_row
from tests.webapp import ANA, FORM, HEADER, HTML, JSON, PAGE, Web, serving_web

MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One site, for as many requests as there are."""
    with serving_web(tmp_path_factory.mktemp("web")) as served:
        served.client.post(PAGE, json=ANA)
        yield served


@pytest.fixture(autouse=True)
def whole(web: Web) -> Iterator[None]:
    """See after each test that the ledger is a header and whole rows."""
    yield
    assert web.ledger().startswith(HEADER)
    assert all(is_row(line) for line in web.ledger().removeprefix(HEADER).encode().splitlines(keepends=True))


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300), content_type=st.sampled_from([JSON, FORM, MULTIPART]), page=st.booleans())
@example(body=b"", content_type=JSON, page=False)
def test_no_body_is_a_defect(web: Web, body: bytes, content_type: dict[str, str], page: bool) -> None:  # noqa: FBT001  # hypothesis passes it by name
    """Arbitrary bytes as JSON, as a form or as parts are answered, and not with 5xx."""
    answer = web.client.post(PAGE, content=body, headers=content_type | (HTML if page else {}))

    assert answer.status_code in {400, 422}


@settings(max_examples=150, deadline=None)
@given(values=st.fixed_dictionaries({}, optional=dict.fromkeys(ANA, st.text(max_size=30) | st.none() | st.floats())))
def test_no_json_is_a_defect(web: Web, values: dict[str, object]) -> None:
    """Arbitrary texts, also lone surrogates, and numbers that are none, are answered, and not with 5xx."""
    answer = web.client.post(PAGE, content=json.dumps(values), headers=JSON)

    assert answer.status_code < 500


@settings(max_examples=150, deadline=None)
@given(values=st.fixed_dictionaries(dict.fromkeys(ANA, st.binary(max_size=30))), page=st.booleans())
def test_no_form_is_a_defect(web: Web, values: dict[str, bytes], page: bool) -> None:  # noqa: FBT001  # as above
    """Arbitrary bytes in the fields, and the page that shows them again, are answered, and not with 5xx."""
    body = "&".join(f"{key}={quote(value)}" for key, value in values.items())

    answer = web.client.post(PAGE, content=body, headers=FORM | (HTML if page else {}))

    assert answer.status_code < 500


@settings(max_examples=100, deadline=None)
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60), body=st.binary(max_size=60))
@example(header="multipart/form-data; boundary=", body=b"")
@example(header="multipart/form-data; boundary*=utf-8''%E2%82%AC", body=b"--\xe2")
def test_no_content_type_is_a_defect(web: Web, header: str, body: bytes) -> None:
    """Arbitrary media types and boundaries are answered, and not with 5xx."""
    for media_type in (header, f"multipart/form-data; {header}"):
        answer = web.client.post(PAGE, content=body, headers={b"Content-Type": media_type.encode("latin-1")})

        assert answer.status_code in {400, 415, 422}
