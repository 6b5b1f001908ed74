"""Rows as columns of one length: the way in which readings, passes and sightings are handled."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from edge_agent.detect.block import Flags, Rows, shifted


@dataclass(frozen=True, slots=True)
class Columns:
    """A noun whose fields are columns, all of one length; those whose names end `_us` are times."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def __getitem__(self, rows: Flags | Rows) -> Self:
        return type(self)(**{name: column[rows] for name, column in self.named().items()})

    def named(self, prefix: str = "") -> dict[str, Any]:
        """The columns by name."""
        return {f"{prefix}{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def read(cls, columns: dict[str, Any], prefix: str) -> Self:
        """Rows from columns that were named with a prefix."""
        return cls(**{field.name: columns[f"{prefix}{field.name}"] for field in fields(cls)})

    def followed_by(self, later: Self) -> Self:
        """Both, one after the other."""
        ours, theirs = self.named(), later.named()
        return type(self)(**{name: np.concatenate([ours[name], theirs[name]]) for name in ours})

    def moved(self, by_us: int) -> Self:
        """The same as if the clock had always been `by_us` ahead."""
        columns = self.named()
        times = {name: shifted(column, by_us) for name, column in columns.items() if name.endswith("_us")}
        return type(self)(**columns | times)
