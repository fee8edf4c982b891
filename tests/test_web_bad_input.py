"""Claims about everything that is no mark: it is refused with a reason, nothing of it is echoed, nothing recorded."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.types import Message

from attendance.codec import is_row
from attendance.web.app import MAX_BODY_BYTES
from tests.webapp import ANA, FORM, HEADER, HTML, JSON, PAGE, Web, exchange, is_problem, serving_web

CANARY = "Zanzibar7"
GOOD = json.dumps(ANA).encode()
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
NOT_JSON = {
    "nothing": b"",
    "a word": b"Zanzibar7",
    "cut off": GOOD[:-1],
    "two values": GOOD + GOOD,
    "single quotes": b"{'employee_id': 'Zanzibar7'}",
    "NaN": b'{"employee_id": NaN, "name": "Zanzibar7", "status": "Present"}',
    "Infinity": b'{"employee_id": -Infinity, "name": "Zanzibar7", "status": "Present"}',
    "5,000 digits": b'{"employee_id": ' + b"7" * 5000 + b', "name": "Zanzibar7", "status": "Present"}',
    "deep lists": b"[" * 8000,
    "deep objects": b'{"a":' * 3000 + b"}" * 900,
    "bad UTF-8": b'{"employee_id": "Zanzibar7\xff", "name": "Jo", "status": "Present"}',
    "UTF-8 cut off": b'{"employee_id": "Zanzibar7", "name": "Jo\xc3", "status": "Present"}',
    "a control character": b'{"employee_id": "Zanzibar7\x00", "name": "Jo", "status": "Present"}',
    "a key twice": b'{"employee_id": "E1", "employee_id": "Zanzibar7", "name": "Jo", "status": "Present"}',
    "a key twice within": b'{"employee_id": {"Zanzibar7": 1, "Zanzibar7": 2}, "name": "Jo", "status": "Present"}',
    "a list": b'["Zanzibar7"]',
    "a text": b'"Zanzibar7"',
    "null": b"null",
    "a strange key": b'{"employee_id": "E1", "name": "Jo", "status": "Present", "Zanzibar7": 1}',
    "a surrogate as key": b'{"employee_id": "E1", "name": "Jo", "status": "Present", "\\ud800Zanzibar7": 1}',
    "the site": b'{"employee_id": "E1", "name": "Jo", "status": "Present", "site": "Zanzibar7"}',
}
WRONG_FIELDS = {
    "nothing": (b"{}", {"employee_id", "status"}),
    "no status": (b'{"employee_id": "Zanzibar7", "name": "Jo"}', {"status"}),
    "a number": (b'{"employee_id": 1E400, "name": "Jo", "status": "Present"}', {"employee_id"}),
    "null": (b'{"employee_id": "E1", "name": null, "status": "Present"}', {"name"}),
    "lists": (b'{"employee_id": ["Zanzibar7"], "name": {}, "status": true}', {"employee_id", "name", "status"}),
    "a lone surrogate": (b'{"employee_id": "E1", "name": "Zanzibar7\\ud800", "status": "Present"}', {"name"}),
    "a coded surrogate": (b'{"employee_id": "E1", "name": "Zanzibar7\xed\xa0\x80", "status": "Present"}', {"name"}),
    "NUL": (b'{"employee_id": "Zanzibar7\\u0000", "name": "Jo", "status": "Present"}', {"employee_id"}),
    "everything": (b'{"employee_id": "", "name": "", "status": ""}', {"employee_id", "name", "status"}),
}
WRONG_IDS = ["=1+1", "+1", "-1", "@sum", "a b", "../e", "é42", "e" * 65, "<b>", "E1\n", "E1\u200b", "E\u202e1", "１２"]
WRONG_NAMES = [
    *(
        "=cmd()",
        "+Jo",
        "-Jo",
        "@Jo",
        "＝Jo",
        "J\to",
        "Jo\nPark",
        "Jo\rPark",
        "Jo\u2028Park",
        "Jo\u202ekraP",
        "J\u200bo",
    ),
    *("\ufeffJo", "Jo\x00", "Jo\x1b[2J", "\u200dJo", "J" * 101, "o" + "\u0301" * 9, "12345", "...", " ", "Jo\ufffd"),
]
NOT_A_FORM = {
    "bad UTF-8": b"employee_id=E1&name=J\xf6rg+Zanzibar7&status=Present",
    "coded bad UTF-8": b"employee_id=E1&name=J%F6rg+Zanzibar7&status=Present",
    "a coded surrogate": b"employee_id=E1&name=%ED%A0%80Zanzibar7&status=Present",
    "a field twice": b"employee_id=E1&employee_id=Zanzibar7&name=Jo&status=Present",
    "a strange field": b"employee_id=E1&name=Jo&status=Present&Zanzibar7=1",
    "too many fields": b"Zanzibar7=1&" * 99,
}
WRONG_IN_FORM = {
    "nothing": (b"", {"employee_id", "name", "status"}),
    "NUL": (b"employee_id=E1%00&name=Zanzibar7&status=Present", {"employee_id"}),
    "no status": (b"employee_id=E1&name=Zanzibar7", {"status"}),
    "another status": (b"employee_id=E1&name=Jo&status=Zanzibar7", {"status"}),
}
WRONG_TYPES = [
    "",
    "text/plain",
    "application/xml",
    "application/jsonp",
    "multipart/form-data",
    "multipart/mixed",
    ";",
    "é",
]
CHARSETS = ["undefined", "idna", "punycode", "unicode_escape", "utf-16", "utf-7", "zlib", "latin-1", "a" * 999, "../x"]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One site, with one mark that must stay the only one."""
    with serving_web(tmp_path_factory.mktemp("web")) as served:
        served.client.post(PAGE, json=ANA)
        yield served


@pytest.fixture(autouse=True)
def untouched(web: Web) -> Iterator[None]:
    """See after each test that the ledger holds only rows, and nothing of what was sent, and neither does the log."""
    yield
    assert web.ledger().startswith(HEADER)
    assert all(is_row(line.encode()) for line in web.ledger().removeprefix(HEADER).splitlines(keepends=True))
    assert CANARY not in web.ledger()
    assert CANARY not in json.dumps(web.events())


def multipart(name: bytes) -> bytes:
    """Return a form of many parts with this name."""
    fields = {b"employee_id": b"E1", b"name": name, b"status": b"Present"}
    parts = [b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % item for item in fields.items()]
    return b"".join(parts) + b"--x--\r\n"


@pytest.mark.parametrize("path", [PAGE, "/attendance"])
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_object_of_a_mark_is_refused(web: Web, path: str, body: bytes) -> None:
    """It is answered 400, says what to send, and repeats nothing."""
    answer = web.client.post(path, content=body, headers=JSON)

    assert is_problem(answer, 400, "malformed_request")
    assert CANARY not in answer.text


@pytest.mark.parametrize(("body", "fields"), WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_every_wrong_field_is_named(web: Web, body: bytes, fields: set[str]) -> None:
    """It is answered 422, and each field has its own words."""
    answer = web.client.post(PAGE, content=body, headers=JSON)

    assert is_problem(answer, 422, "invalid_input")
    assert answer.json()["fields"].keys() == fields
    assert CANARY not in answer.text


@pytest.mark.parametrize("employee_id", WRONG_IDS)
def test_a_hostile_id_is_refused(web: Web, employee_id: str) -> None:
    """A formula, a path, a tag, or what is not seen, is no ID: in JSON and in a form, for program and browser."""
    sent = ANA | {"employee_id": employee_id}

    program = [web.client.post(PAGE, json=sent), web.client.post(PAGE, data=sent)]
    browser = web.client.post(PAGE, data=sent, headers=HTML)

    assert all(is_problem(answer, 422, "invalid_input") for answer in program)
    assert all(answer.json()["fields"].keys() == {"employee_id"} for answer in program)
    assert browser.status_code == 422


@pytest.mark.parametrize("name", WRONG_NAMES, ids=ascii)
def test_a_hostile_name_is_refused(web: Web, name: str) -> None:
    """A formula, or what is not seen, is no name: in JSON and in a form, for program and browser."""
    sent = ANA | {"name": name}

    program = [web.client.post(PAGE, json=sent), web.client.post(PAGE, data=sent)]
    browser = web.client.post(PAGE, data=sent, headers=HTML)

    assert all(is_problem(answer, 422, "invalid_input") for answer in program)
    assert all(answer.json()["fields"].keys() == {"name"} for answer in program)
    assert browser.status_code == 422


@pytest.mark.parametrize("body", NOT_A_FORM.values(), ids=NOT_A_FORM)
def test_what_is_no_form_of_a_mark_is_refused(web: Web, body: bytes) -> None:
    """What no browser sends from our page is answered 400, without an echo."""
    answer = web.client.post(PAGE, content=body, headers=FORM)

    assert is_problem(answer, 400, "malformed_request")
    assert CANARY not in answer.text


@pytest.mark.parametrize(("body", "fields"), WRONG_IN_FORM.values(), ids=WRONG_IN_FORM)
def test_every_wrong_field_of_a_form_is_named(web: Web, body: bytes, fields: set[str]) -> None:
    """A program that sends a form is told as much as one that sends JSON."""
    answer = web.client.post(PAGE, content=body, headers=FORM)

    assert is_problem(answer, 422, "invalid_input")
    assert answer.json()["fields"].keys() == fields
    assert CANARY not in answer.text


@pytest.mark.parametrize("name", [b"J\xf6rg", b"\xed\xa0\x80", b"\xff"])
def test_a_multipart_form_that_is_not_utf_8_is_refused(web: Web, name: bytes) -> None:
    """The framework would read it as Latin-1, and a spoiled name would stand in the ledger."""
    answer = web.client.post(PAGE, content=multipart(name), headers=MULTIPART)

    assert is_problem(answer, 400, "malformed_request")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("media_type", ["multipart/form-data; boundary=x", FORM["Content-Type"]])
def test_a_form_in_another_charset_is_refused(web: Web, media_type: str, charset: str) -> None:
    """Some codecs raise what nobody expects, or make lone surrogates: none of them is asked."""
    headers = {"Content-Type": f"{media_type}; charset={charset}", "Accept": "text/html"}

    answer = web.client.post(PAGE, content=multipart(b"\\ud800"), headers=headers)

    assert answer.status_code == 400


def test_a_file_is_no_field(web: Web) -> None:
    """An upload is refused before it is kept anywhere."""
    answer = web.client.post(PAGE, data=ANA, files={"name": ("Zanzibar7.txt", b"Zanzibar7")})

    assert is_problem(answer, 400, "malformed_request")
    assert CANARY not in answer.text


@pytest.mark.parametrize("media_type", WRONG_TYPES)
def test_a_body_of_another_type_is_refused(web: Web, media_type: str) -> None:
    """Only a form and JSON are read."""
    answer = web.client.post(PAGE, content=GOOD, headers={b"Content-Type": media_type.encode()})

    if media_type == "multipart/form-data":  # without its boundary
        assert is_problem(answer, 400, "malformed_request")
    else:
        assert is_problem(answer, 415, "unsupported_media_type")


def test_a_form_to_the_address_of_programs_is_refused(web: Web) -> None:
    """`POST /attendance` takes JSON only; a browser marks at the page of a site."""
    assert is_problem(web.client.post("/attendance", data=ANA), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("path", "headers"),
    [(PAGE, JSON), (PAGE, FORM), (PAGE, MULTIPART), ("/attendance", JSON)],
    ids=["JSON", "form", "multipart", "JSON to the address of programs"],
)
def test_a_huge_body_is_refused_with_and_without_its_length(web: Web, path: str, headers: dict[str, str]) -> None:
    """It is answered 413 in our words, whether its length is said or it comes in chunks."""
    body = b"Zanzibar7" * MAX_BODY_BYTES

    told = web.client.post(path, content=body, headers=headers)
    untold = web.client.post(path, content=iter([body]), headers=headers)

    assert "content-length" not in untold.request.headers
    assert all(is_problem(answer, 413, "too_large") and CANARY not in answer.text for answer in (told, untold))


def test_a_body_without_an_end_is_not_read_to_its_end(web: Web) -> None:
    """The answer is there as soon as too much has come."""
    chunks: list[int] = []

    def endless() -> Iterator[Message]:
        while True:
            chunks.append(1)
            yield {"type": "http.request", "body": b" " * 1024, "more_body": True}

    sent = exchange(web, PAGE, endless(), content_type="application/json")

    assert sent[0]["status"] == 413
    assert len(chunks) == MAX_BODY_BYTES // 1024 + 1


def test_a_body_of_just_the_limit_is_read(web: Web) -> None:
    """The limit is the largest that is taken."""
    answer = web.client.post(PAGE, content=GOOD.ljust(MAX_BODY_BYTES), headers=JSON)

    assert answer.status_code == 200


@pytest.mark.parametrize("length", ["9" * 5000, "99999", "16385", "0" * 30 + "16385"])
def test_a_length_that_is_too_large_is_believed(web: Web, length: str) -> None:
    """A body that is said to be too large is refused before it is read, however many digits its length has."""
    answer = web.client.post(PAGE, content=GOOD, headers=JSON | {"Content-Length": length})

    assert is_problem(answer, 413, "too_large")


SEGMENTS = [
    "..",
    ".",
    "\0",
    "\r\n",
    "\r\nSet-Cookie: a=b",
    "london\0",
    "LONDON",
    " london",
    "london ",
    "lоndоn",
    "\u202e",
]


@pytest.mark.parametrize(
    "site", [*SEGMENTS, "a" * 60_000, "<script>", "%2e%2e", "{}", "\ufffd"], ids=lambda s: ascii(s[:12])
)
def test_a_hostile_site_is_not_found(web: Web, site: str) -> None:
    """A site is looked up by its exact ID: whatever else stands there is 404, and no path is made of it."""
    body: list[Message] = [{"type": "http.request", "body": GOOD}]

    sent = exchange(web, f"/sites/{site}/attendance", iter(body), content_type="application/json")
    coded = [quote(segment, safe="").replace(".", "%2e") for segment in (site, f"../{site}", f"{site}/../london")]
    answers = [web.client.get(f"/sites/{segment}/attendance", headers=HTML) for segment in coded]

    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (404, "unknown_site")
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert {path.name.strip(".").split(".")[0] for path in (web.folder / "data").iterdir()} == {"london"}
