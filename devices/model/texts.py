"""A string in both languages of the product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Text:
    """Chinese first, English beside it."""

    zh: str
    en: str

    def format(self, **values: object) -> Text:
        """Return both languages with `{name}` fields filled in."""
        return Text(self.zh.format(**values), self.en.format(**values))


class Said(str):
    """An English text that has its Chinese with it: logs and the command line print it, a screen shows both.

    It compares and formats as its English alone, so an f-string of it is plain: say both languages anew.
    """

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, zh: str, en: str) -> Self:
        """Both languages, Chinese first."""
        said = super().__new__(cls, en)
        said.zh = zh
        return said

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """What a copy is made of."""
        return type(self), (self.zh, str(self))


def same(value: str) -> Said:
    """What reads alike in both languages: a number, an id, a value as it was found."""
    return Said(value, value)


def both(value: str) -> Text:
    """The two languages of what may be a plain string."""
    return Text(value.zh, str(value)) if isinstance(value, Said) else Text(value, value)
