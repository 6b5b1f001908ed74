"""What tests of pictures say and ask beside the watch itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.watching import Watch
from devices.model.alerts import AlertEvent, EventKind, Family, Severity
from devices.model.texts import Text


def alert(kind: EventKind, device: str, number: str) -> AlertEvent:
    """An event about a device, as some rule would tell it."""
    words = Text("字", "words")
    return AlertEvent(
        id=number,
        kind=kind,
        rule="rule",
        rule_version=1,
        family=Family.CAMERA,
        severity=Severity.LOW,
        site="hq",
        device=device,
        time_us=1,
        start_us=1,
        value=1.0,
        limit=0.0,
        unit="",
        message=words,
    )


def readings(watch: Watch, camera: str) -> dict[str, Any]:
    """What a picture taken now says."""
    batch = watch.looking.look(watch.frame(camera, watch.now_us))
    names = [watch.table.names[point].rpartition(".")[2] for point in batch.point]
    return dict(zip(names, np.round(batch.value, 1).tolist(), strict=True))
