"""Samples sorted into files of an hour each, so that a file in any order is judged in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from devices.model.samples import SampleBatch

HOUR_US: Final = 3_600_000_000
ROW: Final = np.dtype([("point", "<i4"), ("time_us", "<i8"), ("value", "<f8"), ("quality", "u1")])


@dataclass(slots=True)
class Spool:
    """Files in a folder that somebody else makes and removes."""

    folder: Path
    _hours: set[int] = field(default_factory=set)

    def put(self, batch: SampleBatch) -> None:
        """Add samples."""
        rows = np.empty(len(batch), ROW)
        for name in ROW.fields or ():
            rows[name] = getattr(batch, name)
        hour = batch.time_us // HOUR_US
        for one in np.unique(hour).tolist():
            with self._file(one).open("ab") as file:
                file.write(rows[hour == one].tobytes())
            self._hours.add(one)

    def hours(self) -> Iterator[tuple[SampleBatch, int]]:
        """The samples of each hour that has any, and the end of the hour, in the order of time."""
        for one in sorted(self._hours):
            rows = np.fromfile(self._file(one), ROW)
            columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.fields or ()}
            yield SampleBatch(**columns), (one + 1) * HOUR_US

    def _file(self, hour: int) -> Path:
        return self.folder / f"{hour}.samples"
