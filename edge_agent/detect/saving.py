"""Detection state as bytes: columns by the names of their rows, so a changed site file keeps what fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgpack
import numpy as np

from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.errors import Garbled
from devices.model.texts import Text

Columns = dict[str, Any]
STATE_VERSION: Final = 1
QUEUES: Final = 2


def packed(names: Sequence[str], columns: Columns, queues: dict[str, Columns] | None = None) -> list[Any]:
    """Names of the rows, the columns, and queues: columns of any length, one of them `row`."""
    return [
        list(names),
        columns_packed(columns),
        {name: columns_packed(queue) for name, queue in (queues or {}).items()},
    ]


def queues_unpacked(saved: list[Any], names: Sequence[str], fresh: dict[str, Columns]) -> dict[str, Columns]:
    """Saved queues with their rows in the order of `names`; lines of other rows are left out."""
    place = {name: row for row, name in enumerate(names)}
    row_of = np.array([place.get(name, -1) for name in saved[0]], np.int64)
    queues = dict(fresh)
    for name, columns in (saved[2] if len(saved) > QUEUES else {}).items():
        queue = columns_unpacked(columns)
        row = row_of[queue["row"]]
        queues[name] = {key: column[row >= 0] for key, column in (queue | {"row": row}).items()}
    return queues


def columns_packed(columns: Columns) -> dict[str, Any]:
    """Columns as dtype and bytes."""
    return {name: [column.dtype.str, column.tobytes()] for name, column in columns.items()}


def columns_unpacked(saved: dict[str, Any]) -> Columns:
    """Columns from dtype and bytes."""
    return {name: np.frombuffer(data, dtype).copy() for name, (dtype, data) in saved.items()}


def part(values: Any) -> bytes:
    """One part of the state as bytes."""
    data: bytes = msgpack.packb([STATE_VERSION, values])
    return data


def read_part(data: bytes) -> Any:
    """Read one part.

    Raises:
        Garbled: the bytes are not a part of this version.
    """
    try:
        read = msgpack.unpackb(data)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Garbled(f"saved detection state cannot be read: {error}") from None
    match read:
        case [version, values] if version == STATE_VERSION:
            return values
        case _:
            raise Garbled("saved detection state is of another version")


def reordered(saved: list[Any], names: Sequence[str], fresh: Columns) -> Columns:
    """Bring saved rows into the order of `names`; rows that were not saved stay as in `fresh`."""
    row_of = {name: row for row, name in enumerate(saved[0])}
    here = [number for number, name in enumerate(names) if name in row_of]
    there = [row_of[names[number]] for number in here]
    columns = columns_unpacked(saved[1])
    result: Columns = {}
    for name, column in fresh.items():
        result[name] = column.copy()
        # A newer version of the program may remember more, and a rule may be cut into other pieces than it was.
        if name in columns and columns[name].size == len(row_of) * math.prod(column.shape[1:]):
            result[name][here] = columns[name].reshape(len(row_of), *column.shape[1:])[there]
    return result


def orphans(rule: str, saved: list[Any], kept: Sequence[str], now_us: int) -> list[AlertEvent]:
    """Clears for alerts of devices that the rule (`id:version`) no longer judges."""
    columns = columns_unpacked(saved[1])
    rule_id, _, version = rule.rpartition(":")
    gone = set(saved[0]) - set(kept)
    rows = [row for row, device in enumerate(saved[0]) if device in gone and columns["raised"][row]]
    return [
        _clear(rule_id, int(version), saved[0][row], int(columns["start_us"][row]), now_us) for row in rows
    ]


def _clear(rule: str, version: int, device: str, start_us: int, now_us: int) -> AlertEvent:
    return AlertEvent(
        id=alert_id(rule, version, device, start_us),
        kind=EventKind.CLEAR,
        rule=rule,
        rule_version=version,
        family=Family.DEVICE,
        severity=Severity.LOW,
        site="",
        device=device,
        time_us=now_us,
        start_us=start_us,
        value=float("nan"),
        limit=float("nan"),
        unit="",
        message=Text("规则或设备已变更,告警解除", "rule or device changed, alert cleared"),
    )
