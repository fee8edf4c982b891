"""Own what people are called where everybody may read it: by first names alone, told apart where two share one."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Han, kana, hangul: there the family name stands first, and a name without a space cannot be parted.
_FAMILY_FIRST = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003fffd]")
_TITLE = re.compile(r"\w\w+\.")  # `Dr.`, `Prof.`; `J.` is an initial


@dataclass(frozen=True, slots=True)
class _Parts:
    """The first name of somebody, and the word that tells them from others of that name."""

    first: str
    other: str

    @property
    def told_apart(self) -> str:
        """Return the first name with an initial, if there is one."""
        return f"{self.first} {_initial(self.other)}" if self.other else self.first


def first_names(names: Sequence[str]) -> list[str]:
    """Return for each name the first name; where several have it, with the initial of the last word of their names.

    The first name is the first word: `Ana Martín` is Ana. It stands behind a comma, if there is one (`MARTÍN, Ana`),
    and last in Chinese, Japanese and Korean (`山田 太郎` is 太郎). A title is passed over. One word is the whole name.
    Two Anas are `Ana M.` and `Ana P.`; whom the initial does not tell apart either share what is shown.
    """
    parts = [_parts(name) for name in names]
    shared = Counter(_folded(one.first) for one in parts)
    return [one.first if shared[_folded(one.first)] == 1 else one.told_apart for one in parts]


def in_order(shown: Sequence[str]) -> list[str]:
    """Return names as people look for them: by their letters, whatever case and accents these have."""
    return sorted(shown, key=lambda name: (_folded(name), name))


def _parts(name: str) -> _Parts:
    """Return the parts of a name that may be shown."""
    before, _, behind = name.partition(",")
    family, given = before.split(), _without_titles(behind)
    if given:
        return _Parts(given[0], family[0] if family else "")
    words = _without_titles(before) or name.split() or [name]
    if all(map(_FAMILY_FIRST.match, words)):
        words = words[::-1]
    return _Parts(words[0], words[-1] if len(words) > 1 else "")


def _without_titles(text: str) -> list[str]:
    """Return the words of a name without its titles."""
    return [word for word in text.split() if not _TITLE.fullmatch(word)]


def _initial(word: str) -> str:
    """Return the first letter with the marks on it; with a dot where letters have cases, as these are shortened."""
    end = next((at for at in range(1, len(word)) if unicodedata.category(word[at])[0] != "M"), len(word))
    return f"{word[:end]}." if word[0].lower() != word[0].upper() else word[:end]


def _folded(name: str) -> str:
    """Return a name as it is compared: Ana, ANA and Aná are one first name."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
