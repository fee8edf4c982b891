"""Own what the sheets of a workbook are called: no two alike, and none that a spreadsheet refuses."""

MAX_LENGTH = 31


class SheetNames:
    """The names that are taken in one workbook."""

    def __init__(self) -> None:
        self._taken = {"history"}  # Excel keeps it to itself

    def free(self, wished: str) -> str:
        """Return the name, cut to its length, or with a number behind where it is taken."""
        name, number = wished[:MAX_LENGTH], 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{wished[: MAX_LENGTH - len(str(number)) - 1]} {number}"
        self._taken.add(name.casefold())
        return name
