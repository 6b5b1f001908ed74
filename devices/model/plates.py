"""Number plates as numbers, there and back: samples and evidence are numbers, a plate is up to eight signs.

A float64 holds every whole number up to 2**53 exactly, and 98**8 is less.
"""

from __future__ import annotations

import re
from typing import Final

#: What evidence calls a plate. It says whose car it is: only who may look it up is told.
EVIDENCE: Final = "plate"
#: The number of a sign is its place here, from 1. Stored evidence depends on it: only ever append.
SIGNS: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
    "港澳台使领学警挂试超应急临"
)
BASE: Final = 98
LONGEST: Final = 8
SHORTEST: Final = 5
_NUMBER: Final = {sign: number for number, sign in enumerate(SIGNS, 1)}
#: What cameras put between the signs for people.
_BETWEEN: Final = re.compile(r"[\s·•.-]")


def encode(text: str) -> float | None:
    """The number of a plate; None for what is none, such as "no plate" in the camera's words."""
    signs = _BETWEEN.sub("", text.upper())
    if not SHORTEST <= len(signs) <= LONGEST or any(sign not in _NUMBER for sign in signs):
        return None
    if not any(sign.isdigit() for sign in signs):  # every plate has a digit; UNKNOWN and NOPLATE have none
        return None
    number = 0
    for sign in signs:
        number = number * BASE + _NUMBER[sign]
    return float(number)


def decode(number: float) -> str | None:
    """The plate of a number; None where the number is none of a plate."""
    if not 0 < number < BASE**LONGEST or number != int(number):
        return None
    rest, signs = int(number), ""
    while rest:
        rest, place = divmod(rest, BASE)
        if not 1 <= place <= len(SIGNS):
            return None
        signs = SIGNS[place - 1] + signs
    return signs
