"""What a person may do. Each role may do all that the one before it may."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Ordered, so that a route asks for the least that suffices."""

    VIEWER = 1  # looks
    OPERATOR = 2  # acknowledges, assigns, writes notes, resets
    ENGINEER = 3  # clears by hand, backtests and publishes rules, sees what was set aside and the counters
    ADMIN = 4  # people, audit, fire rules of another

    @property
    def word(self) -> str:
        """As it stands in the database and on the wire."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """The role of that word.

        Raises:
            KeyError: there is none.
        """
        return cls[word.upper()]
