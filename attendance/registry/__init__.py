"""Own `sites.yaml`: turn it into the sites, or refuse it with every mistake by its place; keep the last good one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from attendance.errors import Problem, RegistryError, UnknownSiteError
from attendance.model import Site
from attendance.registry.blocks import read_sites
from attendance.registry.claims import amendments_path, closed_folder, pins_path
from attendance.registry.nodes import Nodes

__all__ = ["Registry", "RegistryFile", "amendments_path", "closed_folder", "load_registry", "pins_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All sites, by their IDs, in the order of the file."""

    path: Path
    sites: Mapping[str, Site]

    def resolve(self, site_id: str) -> Site:
        """Return the site with exactly this ID, or raise UnknownSiteError. No path is ever made of it."""
        try:
            return self.sites[site_id]
        except KeyError:
            raise UnknownSiteError from None


class RegistryFile:
    """The registry that is in force: a broken file never replaces a working one."""

    def __init__(self, path: Path, *, network_storage: bool = False) -> None:
        """Load the file as `load_registry` does; raise RegistryError."""
        self._network_storage = network_storage
        self.current = load_registry(path, network_storage=network_storage)
        self.problems: tuple[Problem, ...] = ()

    def reload(self) -> None:
        """Load the file again; where it cannot take its place, keep `current`, set `problems`, raise RegistryError."""
        try:
            fresh = load_registry(self.current.path, network_storage=self._network_storage)
            removed = [site_id for site_id in self.current.sites if site_id not in fresh.sites]
            if removed:
                raise RegistryError([_removal(fresh.path, removed)])
        except RegistryError as error:
            self.problems = error.problems
            raise
        self.current, self.problems = fresh, ()


def load_registry(path: Path, *, network_storage: bool = False) -> Registry:
    """Read the registry; raise RegistryError with every mistake that was found.

    A ledger on a network file system is a mistake, but for `network_storage`.
    """
    nodes = Nodes(path.absolute())
    sites = read_sites(nodes, network_storage=network_storage)
    if nodes.problems:
        raise RegistryError(sorted(nodes.problems, key=lambda problem: (problem.line, problem.column)))
    return Registry(path=nodes.path, sites=MappingProxyType(sites))


def _removal(path: Path, site_ids: list[str]) -> Problem:
    """Return the problem of a reload that would leave out sites that are in use."""
    return Problem(
        path=path,
        line=1,
        column=1,
        message=f"these sites are in use and are missing now: {', '.join(site_ids)}",
        hint="put them back, or restart the server to close them",
    )
