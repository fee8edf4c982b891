"""A ledger on a network file system is refused by line, unless a setting allows it."""

from pathlib import Path

import pytest

from attendance.errors import RegistryError
from attendance.registry import load_registry, mounts
from attendance.registry.mounts import network_file_system

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:30 / /srv/nfs rw - nfs4 server:/export rw
31 30 0:31 / /srv/nfs/local\\040disk rw - xfs /dev/vdb rw
32 22 0:32 / /srv/fuse rw - fuse.sshfs host: rw
33 22 0:33 / /srv/over rw - ext4 /dev/vdc rw
34 33 0:34 / /srv/over rw - cifs //host/share rw
35 22 0:35 / /srv/under rw - 9p share rw
36 35 0:36 / /srv/under rw master:3 - btrfs /dev/vdd rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/london.csv", None),
        ("/srv/nfs/data/london.csv", "nfs4"),
        ("/srv/nfs/local disk/london.csv", None),
        ("/srv/nfs2/london.csv", None),
        ("/srv/fuse/london.csv", "fuse.sshfs"),
        ("/srv/over/london.csv", "cifs"),
        ("/srv/under/london.csv", None),
    ],
)
def test_the_mount_that_holds_a_path_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, kind: str | None
) -> None:
    """The deepest one, and of two at one place the last."""
    (tmp_path / "mountinfo").write_text(MOUNTS)
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")

    assert network_file_system(Path(path)) == kind


def test_where_the_system_does_not_tell_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no /proc in some sandboxes."""
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")

    assert network_file_system(tmp_path) is None


def test_a_ledger_on_a_network_file_system_is_refused_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do; the setting lets it pass."""
    (tmp_path / "mountinfo").write_text(f"30 22 0:30 / {tmp_path}/data rw - nfs4 server:/export rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")
    path = tmp_path / "sites.yaml"
    path.write_text("sites:\n  london:\n    name: London\n    timezone: Europe/London\n    csv: data/london.csv\n")

    with pytest.raises(RegistryError, match=r"sites\.yaml:5:10: .* network file system \(nfs4\)"):
        load_registry(path)

    assert list(load_registry(path, network_storage=True).sites) == ["london"]


def test_proc_is_shared_by_nobody_and_this_folder_is_local(tmp_path: Path) -> None:
    """The system itself is asked."""
    assert network_file_system(Path("/proc/self")) is None
    assert network_file_system(tmp_path) is None


def test_names_of_what_belongs_to_a_ledger_are_refused(tmp_path: Path) -> None:
    """Seals, amendments, and hidden files, which are those of the program."""
    for name in ("london.seals.csv", "london.amendments.csv", ".london.csv"):
        (tmp_path / "sites.yaml").write_text(
            f"sites:\n  london:\n    name: London\n    timezone: Europe/London\n    csv: data/{name}\n"
        )
        with pytest.raises(RegistryError, match="not the name of a ledger"):
            load_registry(tmp_path / "sites.yaml")
