"""What was seen of a folder holds for a moment; whoever asks for a new file does not look again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attendance.appendlog import openfiles
from attendance.appendlog.openfiles import Sight


def test_what_stands_there_or_is_open_still_is_known(tmp_path: Path) -> None:
    """A file, one that was deleted while somebody has it open, one that was moved aside; nothing else."""
    (tmp_path / "there.csv").touch()
    with (tmp_path / "deleted.csv").open("w") as _, (tmp_path / "moved.csv").open("w") as _:
        (tmp_path / "deleted.csv").unlink()
        (tmp_path / "moved.csv").rename(tmp_path / "moved.csv.bak")
        sight = Sight(60)
        known = [sight.knows(tmp_path / f"{name}.csv") for name in ("there", "deleted", "moved", "new", "a")]

    assert known == [True, True, True, False, False]


def test_a_new_file_is_known_as_soon_as_it_was_asked_for(tmp_path: Path) -> None:
    """Whoever asks makes it."""
    sight = Sight(60)

    assert [sight.knows(tmp_path / "new.csv") for _ in range(2)] == [False, True]


@pytest.mark.parametrize(("seconds", "looks"), [(60.0, 2), (0.0, 200)])
def test_a_look_holds_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, looks: int) -> None:
    """A hundred new files in each of two folders: one look at each, or one for every file."""
    begun = []

    def nothing_open() -> Iterator[tuple[str, str]]:
        begun.append(1)
        return iter(())

    monkeypatch.setattr(openfiles, "_open_links", nothing_open)
    (tmp_path / "other").mkdir()
    sight = Sight(seconds)

    known = [sight.knows(folder / f"{n}.csv") for folder in (tmp_path, tmp_path / "other") for n in range(100, 200)]

    assert not any(known)
    assert len(begun) == looks
