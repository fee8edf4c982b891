"""Claims about first names: what is shown of whom, and how two of one name are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.reporting.first_names import first_names, in_order


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ana Martín", "Ana"),
        ("Ana", "Ana"),
        ("Ana María Martín Pérez", "Ana"),
        ("MARTÍN, Ana María", "Ana"),
        ("Martín,", "Martín"),
        (", Ana", "Ana"),
        ("Park, Jr.", "Park"),
        ("Dr. Ana Martín", "Ana"),
        ("Martín, Dr. Ana", "Ana"),
        ("J. Park", "J."),
        ("Dr.", "Dr."),
        ("山田 太郎", "太郎"),
        ("山田太郎", "山田太郎"),
        ("김 민준", "민준"),
        ("太郎 Park", "太郎"),
        ("Park 太郎", "Park"),
        ("Ольга Иванова", "Ольга"),
        ("محمد بن سلمان", "محمد"),
        ("प्रिया शर्मा", "प्रिया"),
        ("O’Brien", "O’Brien"),
        ("", ""),
    ],
)
def test_the_first_name_is_where_the_script_has_it(name: str, first: str) -> None:
    """The first word; behind a comma; last in Chinese, Japanese and Korean; and all of a name that is one word."""
    assert first_names([name]) == [first]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["Ana Martín", "Ana Pérez"], ["Ana M.", "Ana P."]),
        (["Ana Martín", "ANA Pérez", "Bo"], ["Ana M.", "ANA P.", "Bo"]),
        (["Aná", "Ana Pérez"], ["Aná", "Ana P."]),
        (["Ana Martín", "Ana Moreno"], ["Ana M.", "Ana M."]),
        (["Ana María Ruiz", "Ana Öztürk"], ["Ana R.", "Ana Ö."]),
        (["MARTÍN, Ana", "Ana Pérez"], ["Ana M.", "Ana P."]),
        (["山田 太郎", "鈴木 太郎"], ["太郎 山", "太郎 鈴"]),
        (["प्रिया शर्मा", "प्रिया वर्मा"], ["प्रिया श", "प्रिया व"]),
        (["प्रिया सिंह", "प्रिया वर्मा"], ["प्रिया सिं", "प्रिया व"]),
        (["Ольга Иванова", "Ольга Петрова"], ["Ольга И.", "Ольга П."]),
    ],
)
def test_two_of_one_name_are_told_apart_by_an_initial(names: list[str], shown: list[str]) -> None:
    """Of the last word, with the marks on it; who has no other word is shown as they are."""
    assert first_names(names) == shown


def test_names_are_in_the_order_of_their_letters() -> None:
    """Neither case nor accents part what belongs together."""
    assert in_order(["Zoé", "álvaro", "Bo", "Ana P.", "Ana M."]) == ["álvaro", "Ana M.", "Ana P.", "Bo", "Zoé"]


WORDS = st.sampled_from(["Ana", "ANA", "Bo", "Martín", "Dr.", "J.", "山田", "太郎", "Ольга", "सिंह"])
NAMES = st.lists(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), max_size=8)


@given(NAMES)
def test_no_family_name_is_shown_beside_a_first_one(names: list[str]) -> None:
    """One word of each name, and at most a letter more."""
    shown = first_names(names)

    assert len(shown) == len(names)
    for name, one in zip(names, shown, strict=True):
        first, _, more = one.partition(" ")
        assert first in name.split()
        assert len(more) <= 3
