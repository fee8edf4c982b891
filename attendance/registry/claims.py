"""Own which files belong to which site, and refuse a file that would have two owners."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import yaml

from attendance.model import Site
from attendance.registry.nodes import Mistake, Nodes

COMPANIONS = (".amendments.csv", ".amendments.seals.csv", ".closed", ".seals.csv")


def companions(csv_path: Path) -> list[Path]:
    """Return where that lies which belongs to a ledger: its amendments, the seals of both, the sheets of its months."""
    return [csv_path.with_suffix(suffix) for suffix in COMPANIONS]


def amendments_path(csv_path: Path) -> Path:
    """Return where the amendments of a ledger lie: `london.amendments.csv` beside `london.csv`."""
    return csv_path.with_suffix(".amendments.csv")


def closed_folder(csv_path: Path) -> Path:
    """Return where the sheets of its closed months lie: `london.closed/` beside `london.csv`."""
    return csv_path.with_suffix(".closed")


def pins_path(roster_path: Path) -> Path:
    """Return where the PINs of a roster lie: `london.roster.pins` beside `london.roster.csv`."""
    return roster_path.with_suffix(".pins")


class Claims:
    """Which file belongs to whom.

    No ledger is shared, neither by name, nor by a hard link, nor with a roster or its PINs. A roster may be shared, but
    two rosters have two files of PINs. Nothing lies in the folder of closed months but their sheets.
    """

    def __init__(self) -> None:
        self._ledgers: dict[object, str] = {}
        self._rosters: dict[object, str] = {}
        self._pins: dict[object, tuple[str, str]] = {}
        self._folders: dict[object, str] = {}

    def add(self, nodes: Nodes, node: yaml.Node, site: Site) -> None:
        """Claim the files of a site, or add to the problems whose they are."""
        ours = _identities(site.csv_path).union(*map(_identities, companions(site.csv_path)))
        pins = _identities(pins_path(site.roster_path)) if site.roster_path else set()
        roster = _identities(site.roster_path) | pins if site.roster_path else set()
        folders = _folders(site.csv_path)
        roster_folders = _folders(site.roster_path) if site.roster_path else set()
        taken = [*_owners(ours, self._ledgers), *_owners(ours, self._rosters), *_owners(roster, self._ledgers)]
        taken += [*_owners(folders | roster_folders, self._ledgers), *_owners(ours, self._folders)]
        roster_key = str(site.roster_path).casefold()
        claimed = [self._pins[identity] for identity in pins & self._pins.keys()]
        taken += [owner for owner, owners_roster in claimed if owners_roster != roster_key]
        if taken or ours & (roster | roster_folders):
            owner = min(taken, default=site.site_id)
            message = f"a file of site {site.site_id!r} belongs to site {owner!r} already"
            nodes.refuse(node, Mistake(message, "give every ledger and every roster a file of its own"))
        self._ledgers |= dict.fromkeys(ours, site.site_id)
        self._rosters |= dict.fromkeys(roster, site.site_id)
        self._pins |= dict.fromkeys(pins, (site.site_id, roster_key))
        self._folders |= dict.fromkeys(folders | roster_folders, site.site_id)


def _owners(mine: Iterable[object], theirs: Mapping[object, str]) -> list[str]:
    """Return the sites that claimed a file before."""
    return [theirs[identity] for identity in mine if identity in theirs]


def _folders(path: Path) -> set[object]:
    """Return the folders in which a file lies, without regard to case."""
    return {str(folder).casefold() for folder in path.parents}


def _identities(path: Path) -> set[object]:
    """Return by what a file is recognized: its path without regard to case, and its inode where it is there."""
    identities: set[object] = {str(path).casefold()}
    with suppress(OSError):
        found = path.stat()
        identities.add((found.st_dev, found.st_ino))
    return identities
