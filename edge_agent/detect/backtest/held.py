"""What was held at the beginning of a backtest."""

from __future__ import annotations

import numpy as np

from devices.model.samples import Quality, SampleBatch


def newest(batch: SampleBatch) -> SampleBatch:
    """Of each point the last good reading."""
    good = batch[(batch.quality <= Quality.UNCERTAIN) & ~np.isnan(batch.value)]
    good = good[np.lexsort((good.time_us, good.point))]
    last = np.append(good.point[1:] != good.point[:-1], True)[: len(good)]
    return good[last]
