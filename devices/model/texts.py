"""A string in both languages of the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Chinese first, English beside it."""

    zh: str
    en: str

    def format(self, **values: object) -> Text:
        """Return both languages with `{name}` fields filled in."""
        return Text(self.zh.format(**values), self.en.format(**values))
