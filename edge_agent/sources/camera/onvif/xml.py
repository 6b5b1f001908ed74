"""XML from strangers: no document type, no entities, bounded in size, depth and number of elements. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from devices.model.errors import Garbled

LONGEST: Final = 256 * 1024
DEEPEST: Final = 40
MOST_ELEMENTS: Final = 5_000


class _Bounded:
    """Builds a tree while it watches its bounds; names lose their namespaces, which differ from make to make."""

    def __init__(self) -> None:
        self._tree = TreeBuilder()
        self._depth = self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            raise Garbled("XML with too many elements")
        self._tree.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        self._depth -= 1
        self._tree.end(_local(name))

    def data(self, text: str) -> None:
        self._tree.data(text)

    def close(self) -> Element:
        return self._tree.close()


def parsed(data: bytes) -> Element:
    """The root element; names are without their namespaces.

    Raises:
        Garbled: it is no XML, or more than an answer of a camera can be.
    """
    if len(data) > LONGEST:
        raise Garbled(f"more than {LONGEST} bytes of XML")
    bounded, parser = _Bounded(), expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refused
    parser.EntityDeclHandler = _refused
    parser.StartElementHandler = bounded.start
    parser.EndElementHandler = bounded.end
    parser.CharacterDataHandler = bounded.data
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Garbled(f"no XML ({type(error).__name__})") from None
    return bounded.close()


def all_of(root: Element, name: str) -> Iterator[Element]:
    """Every element of this name, wherever it stands."""
    return root.iter(name)


def text_of(root: Element, *path: str) -> str:
    """Text of the first element found by going down the path, each step at any depth; "" where there is none."""
    for name in path:
        found = next((one for one in root.iter(name) if one is not root), None)
        if found is None:
            return ""
        root = found
    return (root.text or "").strip()


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refused(*_: object) -> None:
    raise Garbled("XML with a document type")
