"""Errors sorted by who acts on them; every foreign exception becomes one of these at the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CampusError(Exception):
    """Any error of this product."""


class Unreachable(CampusError):  # noqa: N818 - the name says what the caller is told
    """The other side does not answer now: try again later."""


class Refused(CampusError):  # noqa: N818 - as above
    """The other side, or our own border, says no: a person has to act."""


class Garbled(CampusError):  # noqa: N818 - as above
    """One message or answer makes no sense: skip it and count it."""


class WrongMove(Refused):
    """A life cycle does not allow this act in this state."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration: where, what was found, what was expected."""

    file: str
    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: found {self.found}, expected {self.expected}"


class ConfigRefused(Refused):
    """A configuration that cannot be used; carries every problem, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
