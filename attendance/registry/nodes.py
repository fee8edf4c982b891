"""Own the way from a YAML file to its nodes with their places, and refuse what YAML would quietly read otherwise."""

import json
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import yaml

from attendance.errors import Problem, RegistryError

MAX_BYTES = 8 << 20  # enough for 20,000 sites
MAX_DEPTH = 8
_STANDARD = "tag:yaml.org,2002:"
_READ_AS = {"int": "a number", "float": "a number", "bool": "yes or no", "null": "nothing", "timestamp": "a date"}


class _Place(Protocol):
    """A place in a file; line and column count from 0."""

    @property
    def line(self) -> int: ...  # said above

    @property
    def column(self) -> int: ...  # said above


class Mistake(Exception):  # noqa: N818  # it never leaves this package: it becomes a Problem
    """Something is wrong with a node: what, and how to mend it."""

    def __init__(self, message: str, hint: str, node: yaml.Node | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.node = node


class Nodes:
    """One YAML file: gathers the problems that are found in it, and what the system said if it cannot be read.

    `hint` is what helps where the file as a whole is wrong, unless it is the registry.
    """

    def __init__(self, path: Path, *, hint: str = "") -> None:
        self.path = path
        self.unreadable: OSError | None = None
        self._hint = hint
        self.problems: list[Problem] = []

    def refuse(self, node: yaml.Node, mistake: Mistake) -> None:
        """Add a problem at the place of the node (or of the one that the mistake names)."""
        self.problems.append(self._at((mistake.node or node).start_mark, mistake.message, mistake.hint))

    def root(self) -> yaml.Node:
        """Return the root of the file; raise RegistryError where it is no YAML at all."""
        source = self._source()
        try:
            self._refuse_bombs(source)
            root: yaml.Node | None = yaml.compose(source, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            hint = "look at this line and the one above it: spaces, quotes and colons"
            raise RegistryError([self._at(error.problem_mark, f"not YAML: {error.problem}", hint)]) from None
        except yaml.reader.ReaderError as error:
            message = "not YAML: it holds a character that YAML refuses"
            raise RegistryError([self._at(_place(source, error.position), message, "take it out")]) from None
        if root is None:
            hint = "write `sites:` and under it one block for each site"
            raise RegistryError([self._at(None, "the file is empty", self._hint or hint)])
        return root

    def _refuse_bombs(self, source: str) -> None:
        """Raise RegistryError for what is larger than it looks: aliases, and nesting that overflows the stack."""
        depth = 0
        for event in yaml.parse(source, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                message, hint = "an alias (*name) stands for another place", "write the value out"
            elif depth > MAX_DEPTH:
                message, hint = "blocks and lists are nested too deeply", "look at docs/configuration.md"
            else:
                continue
            raise RegistryError([self._at(event.start_mark, message, hint)])

    def _source(self) -> str:
        """Return the text of the file; raise RegistryError."""
        try:
            found = self.path.stat()
            if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_BYTES:
                return self.path.read_text(encoding="utf-8-sig")
            if stat.S_ISREG(found.st_mode):
                message, hint = f"the file is larger than {MAX_BYTES} bytes", "give some of the sites to another server"
            else:
                message, hint = "this is no plain file", "name the file with ATTENDANCE_SITES"
        except UnicodeDecodeError:
            message, hint = "the file is not UTF-8", "save it as UTF-8"
        except OSError as error:
            self.unreadable = error
            message = f"the file cannot be read: {error.strerror}"
            hint = "name the file with ATTENDANCE_SITES, or write a first one with `attendance init`"
        raise RegistryError([self._at(None, message, self._hint or hint)])

    def block(self, node: yaml.Node, known: Sequence[str]) -> dict[str, yaml.Node]:
        """Return the values of a mapping by their keys, which must be among those known."""
        values: dict[str, yaml.Node] = {}
        for key, value in self.items(node):
            if key.value in known:
                values[key.value] = value
            else:
                self.refuse(key, Mistake(f"unknown key {key.value!r}", f"known are: {', '.join(known)}"))
        return values

    def items(self, node: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Yield the keys and values of a mapping whose keys are texts, each key once."""
        try:
            pairs = self.children(node, yaml.MappingNode)
        except Mistake as mistake:
            self.refuse(node, mistake)
            return
        seen: dict[str, int] = {}
        for key, value in pairs:
            try:
                text = self.text(key)
                if text in seen:
                    first = f"it stands in line {seen[text]} already; YAML would keep the last in silence"
                    raise Mistake(f"the key {text!r} stands twice", first)
            except Mistake as mistake:
                self.refuse(key, mistake)
                continue
            seen[text] = key.start_mark.line + 1
            yield key, value

    def children(self, node: yaml.Node, kind: type[yaml.CollectionNode]) -> list:  # type: ignore[type-arg]  # pairs or nodes
        """Return the pairs of a mapping or the nodes of a sequence; raise Mistake for another node."""
        if not isinstance(node, kind):
            wanted = "a block of `key: value`" if kind is yaml.MappingNode else "a list in [ ]"
            raise Mistake(f"{wanted} is expected here", "look at the example in docs/configuration.md")
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        """Return a scalar that YAML reads as a text; raise Mistake for another node."""
        if not isinstance(node, yaml.ScalarNode):
            raise Mistake("one value is expected here", "look at the example in docs/configuration.md", node)
        if node.tag != _STANDARD + "str":
            read_as = _READ_AS.get(node.tag.removeprefix(_STANDARD), "something else")
            message = f"YAML reads {node.value!r} as {read_as}, not as a text"
            raise Mistake(message, f"put it in quotes: {json.dumps(node.value)}", node)
        return str(node.value)

    def scalar(self, node: yaml.Node, tag: str, wanted: str) -> str:
        """Return the source of a scalar that YAML reads as `int` or `bool`; raise Mistake with what is `wanted`."""
        if not isinstance(node, yaml.ScalarNode) or node.tag != _STANDARD + tag:
            raise Mistake(f"{wanted} is expected here", "write it without quotes")
        return str(node.value)

    def _at(self, mark: _Place | None, message: str, hint: str) -> Problem:
        """Return a problem at a place in the file, or at its beginning."""
        line, column = (mark.line, mark.column) if mark else (0, 0)
        return Problem(path=self.path, line=line + 1, column=column + 1, message=message, hint=hint)


def _place(source: str, offset: int) -> yaml.Mark:
    """Return the place of the character that begins at this byte of the source in UTF-8."""
    before = source.encode()[:offset].decode()
    line_start = before.rfind("\n") + 1
    return yaml.Mark("", 0, before.count("\n"), len(before) - line_start, None, 0)
