"""Text in registers: serial numbers and names of models. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_agent.probe.candidates import Found

#: Letters and digits as names have them; NUL or blanks may follow, and one letter lead where bytes are swapped.
WORD: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9 ._/+-]{4,}[A-Za-z0-9.]?(?:[\x00 ]*)")
LEAST: Final = 3
#: Letters now and then make a fair number by chance; a run of floats scores more than that.
SURE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Text:
    """Registers that hold text; `swapped`: the same with the bytes of each register swapped. People see which."""

    at: int
    registers: int
    text: str
    swapped: str


def texts_in(words: npt.NDArray[np.uint16], found: list[Found]) -> list[Text]:
    """Runs of registers that are text; those that make better sense as numbers (`Cfff` is 230.4) are none."""
    numbers = np.zeros(len(words), np.bool_)
    for one in found:
        if one.chosen is not None and one.candidates[one.chosen].score >= SURE:
            numbers[one.at : one.at + one.candidates[one.chosen].registers] = True
    data, texts = words.astype(">u2").tobytes(), []
    for match in WORD.finditer(data):
        first, end = match.start() // 2, (match.end() + 1) // 2
        if end - first >= LEAST and numbers[first:end].mean() < 1 / 2:
            shown = data[2 * first : 2 * end]
            swapped = words[first:end].astype("<u2").tobytes()
            texts.append(Text(first, end - first, _clean(shown), _clean(swapped)))
    return texts


def _clean(data: bytes) -> str:
    return data.strip(b"\x00 ").decode("ascii", "replace").replace("\x00", "")
