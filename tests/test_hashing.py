"""Claims about secrets: what is typed is hashed slowly, what is random fast, and neither can be read back."""

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from attendance.hashing import hash_secret, hash_typed, is_typed, is_typed_hash, new_secret

COMBINED, APART = "Zo\u00eb \ufb01ve", "Zoe\u0308 five"


def test_a_password_is_known_by_its_hash_only() -> None:
    """The hash is argon2id with 19 MiB and two passes (OWASP), another each time, and good for that password only."""
    first, second = hash_typed("correct horse"), hash_typed("correct horse")

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert is_typed_hash(first)
    assert [is_typed(text, first) for text in ("correct horse", "Correct horse", "")] == [True, False, False]


def test_the_keyboard_does_not_matter() -> None:
    """One letter that is sent as two characters is the same letter."""
    assert is_typed(APART, hash_typed(COMBINED))


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 100_000])
def test_any_text_can_be_asked_about(text: str) -> None:
    """Whatever a client sends is right or wrong, and no error."""
    assert not is_typed(text, None)
    assert is_typed(text, hash_typed(text))
    assert len(hash_secret(text)) == 64


@pytest.mark.parametrize("broken", ["", "x", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "$2b$12$abc"])
def test_a_hash_that_is_none_fits_nothing(broken: str) -> None:
    """A hash that something else made, or that was cut, is no way in."""
    assert not is_typed_hash(broken)
    assert not is_typed("x", broken)


def test_where_there_is_no_hash_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name costs one verification like any other, so the time tells nobody which names there are."""
    known = hash_typed("correct horse")
    is_typed("x", None)  # the hash of nobody is made once
    verified: list[str | bytes] = []
    verify = Argon2Hasher.verify

    def counted(self: Argon2Hasher, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002  # pwdlib's name
        verified.append(hash)
        return verify(self, password, hash)

    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    is_typed("x", None)
    is_typed("x", known)

    assert len(verified) == 2
    assert {str(one).rpartition("$")[0].rpartition("$")[0] for one in verified} == {"$argon2id$v=19$m=19456,t=2,p=1"}


def test_random_secrets_are_long_and_never_the_same() -> None:
    """128 bits in 22 characters that any header can hold."""
    made = {new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(one) for one in made} == {22}
