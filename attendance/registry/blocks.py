"""Own what may stand in the block of one site, and refuse everything else by its place."""

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import yaml

from attendance.clock import find_zone
from attendance.errors import UnknownCountryError, UnknownZoneError
from attendance.holiday import check_country
from attendance.model import Kind, MarkingRule, Network, Plan, Site
from attendance.registry.claims import COMPANIONS, Claims, closed_folder, companions, pins_path
from attendance.registry.mounts import network_file_system
from attendance.registry.nodes import Mistake, Nodes

DEFAULT_STATUSES: Mapping[str, Kind] = MappingProxyType({"Present": Kind.PRESENT, "Absent": Kind.ABSENT})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_GRACE_MINUTES = 24 * 60

_REQUIRED = ("name", "timezone", "csv")
_SITE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MINUTES = re.compile(r"[0-9]{1,4}")
_HOLIDAYS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MAX_NAME = 80
_MAX_LABEL = 32
_MAX_FILE_NAME_BYTES = 200  # the lock and the quarantine add to it, and 255 is the end


def read_sites(nodes: Nodes, *, network_storage: bool) -> dict[str, Site]:
    """Return the sites of a file, as far as they can be read; what is wrong is added to the problems of `nodes`.

    Without `network_storage` a ledger on a network file system is wrong.
    """
    root = nodes.root()
    top = nodes.block(root, ["sites"])
    if "sites" not in top:
        nodes.refuse(root, Mistake("there are no sites", "write `sites:` and under it one block for each site"))
        return {}
    claims = Claims()
    sites: dict[str, Site] = {}
    for key, node in nodes.items(top["sites"]):
        if not _SITE_ID.fullmatch(key.value):
            nodes.refuse(key, Mistake("this key cannot stand in an address", "use a to z, 0 to 9 and hyphens"))
        site = _Block(nodes, key, node, network_storage=network_storage).site()
        if site is not None:
            claims.add(nodes, node, site)
            sites[site.site_id] = site
    if not sites and not nodes.problems:
        nodes.refuse(top["sites"], Mistake("there is no site", "write one block for each site"))
    return sites


def _is_label(text: str) -> bool:
    """Tell whether a text can be a status: it begins with a letter of any script, and holds what belongs in words."""
    kinds = [unicodedata.category(character) if character != " " else " " for character in text]
    return 0 < len(text) <= _MAX_LABEL and kinds[0][0] == "L" and text[-1] != " " and all(k[0] in "LMN " for k in kinds)


class _Block:
    """The block of one site while it is read."""

    def __init__(self, nodes: Nodes, key: yaml.ScalarNode, node: yaml.Node, *, network_storage: bool) -> None:
        self._nodes = nodes
        self._network_storage = network_storage
        self._key = key
        self._node = node
        self._folder = nodes.path.parent

    def site(self) -> Site | None:
        """Return the site, or None where something is wrong with it."""
        before = len(self._nodes.problems)
        nodes = self._nodes.block(self._node, list(self._READERS))
        values = {key: self._value(key, node) for key, node in nodes.items()}
        if len(self._nodes.problems) == before:
            for key in _REQUIRED:
                if key not in values:
                    self._nodes.refuse(self._key, Mistake(f"the site has no `{key}`", f"add `{key}:` to its block"))
            self._settle_marking(values, nodes.get("marking", self._node))
        if len(self._nodes.problems) > before:
            return None
        defaults = Plan()
        return Site(
            site_id=self._key.value,
            name=values["name"],
            timezone=str(values["timezone"]),
            zone=values["timezone"],
            csv_path=values["csv"],
            roster_path=values.get("roster"),
            visitors=values.get("visitors", False),
            statuses=values.get("statuses", DEFAULT_STATUSES),
            day_start=values.get("day_start", time()),
            plan=Plan(
                workdays=values.get("workdays", defaults.workdays),
                start_time=values.get("start", defaults.start_time),
                grace_minutes=values.get("grace_minutes", defaults.grace_minutes),
                holidays=values.get("holidays", defaults.holidays),
            ),
            networks=values.get("networks", ()),
            marking=values["marking"],
        )

    def _settle_marking(self, values: dict[str, Any], node: yaml.Node) -> None:
        """Set the rule of marking where none is given; add to the problems what the given one lacks."""
        networks = values.get("networks", ())
        rule = values.setdefault("marking", MarkingRule.NETWORK if networks else MarkingRule.OPEN)
        if rule is MarkingRule.NETWORK and not networks:
            hint = "add `networks:` to its block, or write `marking: open`"
            self._nodes.refuse(node, Mistake("`marking: network` needs `networks`", hint))
        if rule is MarkingRule.PIN and "roster" not in values:
            hint = "add `roster:` to its block: the PINs lie beside that file"
            self._nodes.refuse(node, Mistake("`marking: pin` needs a `roster`", hint))

    def _value(self, key: str, node: yaml.Node) -> Any:
        """Return the value of a key, or None after adding what is wrong with it."""
        try:
            return self._READERS[key](self, node)
        except Mistake as mistake:
            self._nodes.refuse(node, mistake)
            return None

    def _name(self, node: yaml.Node) -> str:
        """Read a name to show."""
        name = self._nodes.text(node).strip()
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            raise Mistake("this cannot be shown as a name", f"write 1 to {_MAX_NAME} plain characters")
        return name

    def _zone(self, node: yaml.Node) -> Any:
        """Read the name of a zone."""
        name = self._nodes.text(node)
        try:
            return find_zone(name)
        except UnknownZoneError as error:
            near = f"did you mean {' or '.join(error.nearest)}?" if error.nearest else "look at the IANA list of zones"
            raise Mistake(f"no zone is called {name!r}", near) from None

    def _csv(self, node: yaml.Node) -> Path:
        """Read where the ledger lies."""
        path = self._inside(node)
        if path.suffix != ".csv" or path.name.startswith(".") or path.name.endswith(COMPANIONS):
            others = " or ".join(COMPANIONS)
            raise Mistake(
                "this is not the name of a ledger", f"let it end in .csv, not in {others}, and begin with no dot"
            )
        if len(os.fsencode(path.name)) > _MAX_FILE_NAME_BYTES:
            raise Mistake("the name of the file is too long", f"use at most {_MAX_FILE_NAME_BYTES} bytes")
        for companion in companions(path):
            self._refuse_odd(companion, is_folder=companion == closed_folder(path))
        kind = None if self._network_storage else network_file_system(path)
        if kind:
            hint = "choose a local disk; if this machine alone writes there: ATTENDANCE_NETWORK_STORAGE=true"
            raise Mistake(f"{str(path)!r} lies on a network file system ({kind})", hint)
        return path

    def _roster(self, node: yaml.Node) -> Path:
        """Read where the roster lies; its PINs lie beside it."""
        path = self._inside(node)
        if path.suffix.casefold() == ".pins":
            raise Mistake("this is the name of a file of PINs", "let the name of the roster end in .csv")
        self._refuse_odd(pins_path(path))
        return path

    def _inside(self, node: yaml.Node) -> Path:
        """Read the path of a plain file, there or yet to be made, in the folder of the registry."""
        text = self._nodes.text(node)
        if not text or not text.isprintable():
            raise Mistake("this is not the name of a file", "write a path such as data/london.csv")
        path = self._folder / text
        if ".." in Path(text).parts or self._folder not in path.parents:
            raise Mistake(f"{text!r} leads out of the folder of the registry", "write a path below that folder")
        self._refuse_odd(path)
        return path

    def _refuse_odd(self, path: Path, *, is_folder: bool = False) -> None:
        """Raise Mistake where a link, or what is no plain file or no folder, lies at the path or on the way to it."""
        try:
            for step in [path, *path.parents][: len(path.parts) - len(self._folder.parts)]:
                if step.is_symlink():
                    raise Mistake(f"{str(step)!r} is a symbolic link", "put the file itself there")
                is_file = step == path and not is_folder
                if step.exists() and not (step.is_file() if is_file else step.is_dir()):
                    wanted = "plain file" if is_file else "folder"
                    raise Mistake(
                        f"{str(step)!r} is there and is no {wanted}", "choose another path, or move that away"
                    )
        except OSError as error:
            raise Mistake(f"{str(path)!r} cannot be used: {error.strerror}", "choose another path") from None

    def _flag(self, node: yaml.Node) -> bool:
        """Read true or false."""
        flag = _FLAGS.get(self._nodes.scalar(node, "bool", "true or false").casefold())
        if flag is None:
            raise Mistake("this is neither true nor false", "write true or false")
        return flag

    def _statuses(self, node: yaml.Node) -> Mapping[str, Kind]:
        """Read labels and their kinds."""
        statuses: dict[str, Kind] = {}
        if not self._nodes.children(node, yaml.MappingNode):
            raise Mistake("there is no status", "write for example {Present: present, Absent: absent}")
        for key, value in self._nodes.items(node):
            kind = self._nodes.text(value)
            if not _is_label(key.value):
                raise Mistake(f"{key.value!r} cannot be a status", "use letters, digits and spaces, 32 at most", key)
            if kind not in list(Kind):
                raise Mistake(f"{kind!r} is no kind of status", f"kinds are: {', '.join(Kind)}", value)
            statuses[key.value] = Kind(kind)
        return MappingProxyType(statuses)

    def _time(self, node: yaml.Node) -> time:
        """Read a time of day."""
        found = _TIME.fullmatch(self._nodes.text(node))
        if found is None:
            raise Mistake("this is not a time of day", 'write hours and minutes in quotes: "09:00"')
        return time(int(found[1]), int(found[2]))

    def _weekdays(self, node: yaml.Node) -> frozenset[int]:
        """Read a list of weekdays."""
        return frozenset(self._weekday(item) for item in self._nodes.children(node, yaml.SequenceNode))

    def _weekday(self, node: yaml.Node) -> int:
        """Read one weekday; Monday is 0."""
        name = self._nodes.text(node)
        if name not in WEEKDAYS:
            raise Mistake(f"{name!r} is no weekday", f"weekdays are: {', '.join(WEEKDAYS)}", node)
        return WEEKDAYS.index(name)

    def _minutes(self, node: yaml.Node) -> int:
        """Read a number of minutes."""
        text = self._nodes.scalar(node, "int", "a number of minutes")
        if not _MINUTES.fullmatch(text) or int(text) > MAX_GRACE_MINUTES:
            raise Mistake("this is no number of minutes", f"write 0 to {MAX_GRACE_MINUTES}")
        return int(text)

    def _country(self, node: yaml.Node) -> str:
        """Read a country, or a country and a part of it."""
        code = self._nodes.text(node)
        if not _HOLIDAYS.fullmatch(code):
            raise Mistake("this is no country", "write an ISO 3166 code such as DE or GB-ENG")
        try:
            check_country(code)
        except UnknownCountryError as error:
            near = f"did you mean {' or '.join(error.nearest)}?"
            raise Mistake(f"no public holidays are known for {code!r}", near) from None
        return code

    def _networks(self, node: yaml.Node) -> tuple[Network, ...]:
        """Read a list of networks."""
        return tuple(self._network(item) for item in self._nodes.children(node, yaml.SequenceNode))

    def _network(self, node: yaml.Node) -> Network:
        """Read one network in CIDR notation."""
        text = self._nodes.text(node)
        try:
            return ip_network(text)
        except ValueError as error:
            raise Mistake(f"{text!r} is no network", f"write for example 10.20.0.0/16 ({error})", node) from None

    def _marking(self, node: yaml.Node) -> MarkingRule:
        """Read how people may mark."""
        rule = self._nodes.text(node)
        if rule not in list(MarkingRule):
            raise Mistake(f"{rule!r} is no rule of marking", f"rules are: {', '.join(MarkingRule)}")
        return MarkingRule(rule)

    _READERS: ClassVar[Mapping[str, Callable[[Any, yaml.Node], Any]]] = {
        "name": _name,
        "timezone": _zone,
        "csv": _csv,
        "roster": _roster,
        "visitors": _flag,
        "statuses": _statuses,
        "day_start": _time,
        "workdays": _weekdays,
        "start": _time,
        "grace_minutes": _minutes,
        "holidays": _country,
        "networks": _networks,
        "marking": _marking,
    }
