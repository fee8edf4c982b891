"""Own what an ID, a name and a reason may be, and when two names are clearly those of two people."""

import re
import unicodedata

from attendance.errors import InvalidInputError

MAX_NAME_LENGTH = 100
MAX_REASON_LENGTH = 300
MAX_STACKED_MARKS = 4  # Tibetan and Thai need three above one another; a flood needs dozens.

_EMPLOYEE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FORMULA_STARTS = "=+-@＝＋－＠﹢﹣﹦﹫−"  # also in full width and small forms: some spreadsheets read those as well
_JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ shape letters in Persian, Sinhala and others
_SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")  # Unicode's category Zs
_LINE_ENDS = re.compile("[\r\n\t]+")
# Invisible although Unicode files them under letters, marks or symbols (Default_Ignorable_Code_Point, and U+2800).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffd\U000e0100-\U000e01ef]"
)
_IDEOGRAPHIC_PLANES = re.compile("[\U00020000-\U0002fffd\U00030000-\U0003fffd]")
_REFUSED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters with a stroke or a ligature have no decomposition, yet are typed without it on another keyboard.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)


def clean_employee_id(text: str) -> str:
    """Return the ID without surrounding spaces; raise InvalidInputError unless it is 1 to 64 plain characters."""
    employee_id = text.strip(" ")
    if not employee_id:
        raise InvalidInputError({"employee_id": "Enter your ID."})
    if not _EMPLOYEE_ID.fullmatch(employee_id):
        raise InvalidInputError(
            {
                "employee_id": "An ID has up to 64 letters (A to Z), digits, dots, hyphens and underscores, "
                "and begins with a letter or digit."
            }
        )
    return employee_id


def clean_name(text: str) -> str:
    """Return the name in NFC with single spaces; raise InvalidInputError where it could not stand in a ledger.

    Letters of every script pass. Control and format characters are refused (but for ZWJ and ZWNJ between letters), and
    so is what a spreadsheet would take for a formula.
    """
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")
    problem = _name_problem(name)
    if problem:
        raise InvalidInputError({"name": problem})
    return name


def clean_reason(text: str) -> str:
    """Return the reason in NFC with single spaces, a line end and a tab being one; raise InvalidInputError.

    It has 1 to 300 characters, and what hides in a name or begins a formula is refused here too.
    """
    reason = _SPACES.sub(" ", _LINE_ENDS.sub(" ", unicodedata.normalize("NFC", text))).strip(" ")
    checks = {
        "Say why.": not reason,
        f"A reason has up to {MAX_REASON_LENGTH} characters.": len(reason) > MAX_REASON_LENGTH,
        "A reason cannot begin with = + - or @.": reason[:1] in tuple(FORMULA_STARTS),
        "The reason holds a character that cannot be seen. Type it again by hand.": _hides_something(reason),
        "The reason has too many accents on one letter.": _has_mark_flood(reason),
    }
    problem = next((problem for problem, applies in checks.items() if applies), None)
    if problem:
        raise InvalidInputError({"reason": problem})
    return reason


def _name_problem(name: str) -> str | None:
    """Return what is wrong with a normalized name, in words for the person who typed it."""
    if len(name) <= MAX_NAME_LENGTH and name.replace(" ", "").isalpha() and not _INVISIBLE.search(name):
        return None  # letters and spaces, as most names are
    checks = {
        "Enter your name.": not name,
        f"A name has up to {MAX_NAME_LENGTH} characters.": len(name) > MAX_NAME_LENGTH,
        "A name cannot begin with = + - or @.": name[:1] in tuple(FORMULA_STARTS),
        "The name holds a character that cannot be seen. Type it again by hand.": _hides_something(name),
        "A name has at least one letter.": not any(map(_is_letter, name)),
        "The name has too many accents on one letter.": _has_mark_flood(name),
    }
    return next((problem for problem, applies in checks.items() if applies), None)


def _hides_something(name: str) -> bool:
    """Tell whether the name holds a character that is not seen, or not seen as what it is."""
    return bool(_INVISIBLE.search(name)) or any(map(_is_refused, name)) or not _joiners_join(name)


def _is_refused(character: str) -> bool:
    """Tell whether the character has no place in a name (joiners are judged by where they stand)."""
    category = unicodedata.category(character)
    return category in _REFUSED_CATEGORIES and character not in _JOINERS and not _is_new_ideograph(character, category)


def _is_letter(character: str) -> bool:
    """Tell whether the character is a letter of any script."""
    category = unicodedata.category(character)
    return category[0] == "L" or _is_new_ideograph(character, category)


def _is_new_ideograph(character: str, category: str) -> bool:
    """Tell whether it is an ideograph that this Python does not know yet: planes 2 and 3 hold nothing else."""
    return category == "Cn" and bool(_IDEOGRAPHIC_PLANES.match(character))


def _joiners_join(name: str) -> bool:
    """Tell whether every joiner stands between letters (or the marks on them)."""
    shaped = [unicodedata.category(character)[0] in "LM" for character in name]
    last = len(name) - 1
    return all(
        0 < index < last and shaped[index - 1] and shaped[index + 1]
        for index, character in enumerate(name)
        if character in _JOINERS
    )


def _has_mark_flood(name: str) -> bool:
    """Tell whether more marks are stacked on one letter than any script needs."""
    stacked = 0
    for character in name:
        if character in _JOINERS:
            continue  # it shapes the letter and begins no new one
        stacked = stacked + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if stacked > MAX_STACKED_MARKS:
            return True
    return False


def clearly_different(one: str, other: str) -> bool:
    """Tell whether two names are those of two people.

    Case, accents, spaces, punctuation and the order of the words say nothing, and neither does a part that is left out
    or shortened to its initial: `Ana` and `MARTIN, A.` may both be Ana Martín. Names of which nothing is left to
    compare are not clearly different.
    """
    fewer, more = sorted((_folded(one).split(), _folded(other).split()), key=len)
    if all(any(_may_be(word, longer) for longer in more) for word in fewer):
        return False
    return "".join(fewer) != "".join(more)


def sort_key(name: str) -> tuple[str, str]:
    """Return by what names are sorted: their letters without marks, so that Łukasz stands beside Lukas."""
    return _folded(name), name


def looks_like(name: str, sought: str) -> bool:
    """Tell whether each word that is sought begins a word of the name; case and accents say nothing."""
    words = _folded(name).split()
    return all(any(word.startswith(begun) for word in words) for begun in _folded(sought).split())


def _may_be(word: str, other: str) -> bool:
    """Tell whether two words are the same, or one is the initial of the other."""
    return word == other or (min(len(word), len(other)) == 1 and word[0] == other[0])


def _folded(name: str) -> str:
    """Return the name in lower case without accents; an apostrophe or dot vanishes, other punctuation parts words."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    bare = bare.translate(_PLAIN_LETTERS)  # only now: the stroke of ǿ shows once its accent is gone
    return "".join(character if _keeps(character) else "" if character in "'’`´.‘ʼ" else " " for character in bare)


def _keeps(character: str) -> bool:
    """Tell whether a character says something about whose name it is."""
    return unicodedata.category(character)[0] in "LMN" or bool(_IDEOGRAPHIC_PLANES.match(character))
