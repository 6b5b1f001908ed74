"""Whether an SVG file is a mere drawing: nothing in it acts, reaches out or grows. Pure.

What is allowed is listed; everything else is refused with its line. The browser shows drawings as images, in which
nothing runs either: this border is there so that no other way of looking at the file depends on that.
Not bounded is what patterns, masks and markers inside one another come to: who writes a site file can still give
browsers much to draw.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from devices.model.errors import ConfigRefused, Problem

MOST_BYTES: Final = 2_000_000
MOST_ELEMENTS: Final = 20_000
#: Elements that are drawn, counting what `use` repeats.
MOST_DRAWN: Final = 100_000
DEEPEST: Final = 64
MOST_PROBLEMS: Final = 20
MOST_FOUND: Final = 60

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"
XML: Final = "http://www.w3.org/XML/1998/namespace"
#: What drawing programs leave behind; it is drawn by nobody.
IDLE: Final = frozenset(
    {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://purl.org/dc/elements/1.1/",
        "http://creativecommons.org/ns#",
        "http://web.resource.org/cc/",
        "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
        "http://www.inkscape.org/namespaces/inkscape",
    }
)
ELEMENT: Final = re.compile(
    "svg|g|defs|symbol|use|title|desc|metadata|style|path|rect|circle|ellipse|line|polyline|polygon|text|tspan|"
    "image|linearGradient|radialGradient|stop|clipPath|mask|pattern|marker|switch"
)
#: Attributes whose text is for people.
WORDS: Final = frozenset({"id", "class", "role", "lang"})
#: What may stand before a bracket; `url` only for parts of the same file. A word is looked at from its beginning only:
#: from each of its letters, a path without spaces would take hours.
FUNCTION: Final = re.compile("rgba?|hsla?|calc|matrix|(translate|scale|rotate|skew)[XY]?")
_CALL: Final = re.compile(r"(?<![\w-])([\w-]+)\(\s*(['\"]?#[\w.:-]+['\"]?\s*\))?")
_PICTURE: Final = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_LENGTH: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(px|mm|cm|in|pt)?")
ViewBox = tuple[float, float, float, float]


def view_box_of(data: bytes, file: str) -> ViewBox:
    """The viewBox (left, top, width, height) of a drawing that can do nothing but be looked at.

    Raises:
        ConfigRefused: with line, element, what was found and what was expected.
    """
    if len(data) > MOST_BYTES:
        raise ConfigRefused([Problem(file, "-", f"{len(data)} bytes", f"at most {MOST_BYTES}")])
    reader = _Reader(file)
    reader.read(data)
    if reader.problems:
        raise ConfigRefused(reader.problems)
    return reader.view_box


class _Stop(Exception):  # noqa: N818 - not an error of anybody: it ends the reading
    """There is no sense in reading further."""


class _Reader:
    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self.view_box: ViewBox = (0.0, 0.0, 0.0, 0.0)
        self._file = file
        self._elements = 0
        #: Of each open element: its name, its id, how many elements it has, whether it repeats others.
        self._open: list[tuple[str, str, int, bool]] = []
        self._sizes: dict[str, tuple[int, bool]] = {}
        self._uses: list[tuple[str, str]] = []
        self._style: list[str] = []
        parser = self._parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, data: bytes) -> None:
        try:
            data.decode("utf-8")  # expat would follow a mark of UTF-16
            self._parser.Parse(data, True)
        except UnicodeDecodeError:
            self.problems.append(Problem(self._file, "-", "bytes that are no UTF-8", "XML in UTF-8"))
        except expat.ExpatError as error:
            self.problems.append(Problem(self._file, f"line {error.lineno}", str(error), "XML in UTF-8"))
        except _Stop:
            return
        else:
            self._repeated()

    def _wrong(self, path: str, found: str, expected: str, *, last: bool = False) -> None:
        where = f"line {self._parser.CurrentLineNumber}: {path}"
        self.problems.append(Problem(self._file, where, found[:MOST_FOUND], expected))
        if last or len(self.problems) >= MOST_PROBLEMS:
            raise _Stop

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            self._wrong("encoding", repr(encoding), "UTF-8", last=True)

    def _doctype(self, *_: object) -> None:
        self._wrong("-", "a document type", "none: remove the line with <!DOCTYPE", last=True)

    def _instruction(self, target: str, _data: str) -> None:
        self._wrong("-", f"an instruction <?{target}", "none")

    def _start(self, full: str, attributes: dict[str, str]) -> None:
        space, _, name = full.rpartition(" ")
        self._fits(space, name)
        is_repeat = space == SVG and name == "use"
        self._open.append((name, attributes.get("id", ""), 1, is_repeat))
        if space in IDLE:
            return
        if space != SVG or not ELEMENT.fullmatch(name):
            self._wrong(name, f"an element <{name}>", "an element that only draws")
        for key, value in attributes.items():
            for found, expected in _attribute_problems(name, key, value):
                self._wrong(f"{name}.{key.rpartition(' ')[2]}", found, expected)
        if is_repeat:
            target = attributes.get("href", attributes.get(f"{XLINK} href", ""))
            self._uses.append((target[1:], f"line {self._parser.CurrentLineNumber}: use.href"))
        if len(self._open) == 1:
            self._root(attributes)

    def _fits(self, space: str, name: str) -> None:
        """Whether there may be one more element here."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            self._wrong(name, f"more than {MOST_ELEMENTS} elements", f"at most {MOST_ELEMENTS}", last=True)
        if len(self._open) >= DEEPEST:
            self._wrong(name, f"elements more than {DEEPEST} deep", f"at most {DEEPEST}", last=True)
        if not self._open and (space, name) != (SVG, "svg"):
            self._wrong(name, f"<{name}> as the root", f"<svg> with xmlns={SVG}", last=True)
        if self._open and self._open[-1][0] == "style":  # a browser joins the text on both sides of it
            self._wrong(name, f"an element <{name}> in a style sheet", "text only")

    def _root(self, attributes: dict[str, str]) -> None:
        given = attributes.get("viewBox", "")
        try:
            left, top, width, height = (float(part) for part in given.replace(",", " ").split())
        except ValueError:
            left = top = width = height = math.nan
        if not (math.isfinite(left + top + width + height) and width > 0 and height > 0):
            self._wrong("svg.viewBox", repr(given), "four numbers: left, top, width and height above 0")
            return
        self.view_box = left, top, width, height
        sides = [_LENGTH.fullmatch(attributes.get(key, "")) for key in ("width", "height")]
        if sides[0] and sides[1] and sides[0][2] == sides[1][2]:
            shape = float(sides[0][1]) * height, float(sides[1][1]) * width
            if abs(shape[0] - shape[1]) > 0.01 * max(shape):
                found = f"{attributes['width']} by {attributes['height']}"
                self._wrong("svg.width", found, f"the shape of the viewBox, {width:g} by {height:g}")

    def _end(self, _full: str) -> None:
        name, own, size, repeats = self._open.pop()
        if own:
            self._sizes[own] = size, repeats
        if self._open:
            above = self._open[-1]
            self._open[-1] = above[0], above[1], above[2] + size, above[3] or repeats
        if name == "style":
            for found, expected in _style_problems("".join(self._style)):
                self._wrong("style", found, expected)
            self._style.clear()

    def _text(self, text: str) -> None:
        if self._open[-1][0] == "style":
            self._style.append(text)

    def _repeated(self) -> None:
        """Repeats of repeats grow without bounds, and a part that repeats itself never ends."""
        drawn = self._elements
        for target, where in self._uses:
            size, repeats = self._sizes.get(target, (0, False))
            drawn += size
            if repeats:
                self.problems.append(
                    Problem(self._file, where, "a part that itself has <use>", "a part without")
                )
            if drawn > MOST_DRAWN:
                found = f"more than {MOST_DRAWN} elements drawn"
                self.problems.append(Problem(self._file, where, found, f"at most {MOST_DRAWN}"))
            if len(self.problems) >= MOST_PROBLEMS or drawn > MOST_DRAWN:
                return


def _attribute_problems(element: str, key: str, value: str) -> Iterator[tuple[str, str]]:
    space, _, name = key.rpartition(" ")
    if space in IDLE:
        return
    if space not in {"", XLINK, XML} or (space == XML and name == "base"):
        yield f"an attribute {name} of {space}", "attributes of SVG"
    elif name.lower().startswith("on"):
        yield f"an event attribute {name}", "none: nothing in a drawing acts"
    elif name.lower() in {"href", "src"}:
        yield from _reference_problems(element, value)
    elif name not in WORDS and not name.startswith(("aria-", "data-")):
        yield from _style_problems(value)


def _reference_problems(element: str, value: str) -> Iterator[tuple[str, str]]:
    if element == "image":
        if not _PICTURE.fullmatch(value):
            yield repr(value), "a PNG or JPEG in the file itself (data:image/png;base64,...)"
    elif not value.startswith("#"):
        yield repr(value), "a part of the same file (#id)"


def _style_problems(text: str) -> Iterator[tuple[str, str]]:
    """Style sheets and presentation attributes: plain properties, no rule that loads, no way to write one oddly."""
    for sign in ("@", "\\", "/*", "<"):
        if sign in text:
            yield repr(text.strip()), f"styles without {sign}"
            return
    for call in _CALL.finditer(text):
        name, own = call[1], call[2]
        if name == "url" and own:
            continue
        if not FUNCTION.fullmatch(name):
            yield repr(call[0]), "colours, transforms, or url(#id) of the same file"
