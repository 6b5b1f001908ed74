"""Text in registers: serial numbers and names of models. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.profiles.profile import Order
from edge_agent.probe.candidates import Found

#: Letters and digits as names have them; a NUL or blanks may follow.
WORD: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9 ._/+-]{4,}[A-Za-z0-9.]?(?:[\x00 ]*)")
LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Text:
    """Registers that hold text."""

    at: int
    registers: int
    order: Order
    text: str


def texts_in(words: npt.NDArray[np.uint16], found: list[Found]) -> list[Text]:
    """Runs of registers that are text; those that make better sense as numbers (`Cfff` is 230.4) are none."""
    numbers = np.zeros(len(words), np.bool_)
    for one in found:
        if one.chosen is not None:
            numbers[one.at : one.at + one.candidates[one.chosen].registers] = True
    texts: list[Text] = []
    for order, data in ((Order.MSW, words.astype(">u2")), (Order.MSW_SWAPPED, words.astype("<u2"))):
        for match in WORD.finditer(data.tobytes()):
            first, end = (match.start() + 1) // 2, (match.end() + 1) // 2
            taken = any(text.at < end and first < text.at + text.registers for text in texts)
            if end - first >= LEAST and not taken and numbers[first:end].mean() < 1 / 2:
                shown = match[0].strip(b"\x00 ").decode("ascii")
                texts.append(Text(first, end - first, order, shown))
    return texts
