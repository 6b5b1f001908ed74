"""What a plant must not forget when the simulator is started again: registers that only grow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from devices.sim.plant.plant import Plant

VERSION: Final = 1
WHILE_AWAY: Final = 1.5


def remember(plant: Plant, path: Path) -> None:
    """Write the counters of meters, units and pumps to `path`, whole or not at all."""
    meters, rooms = plant.meters, plant.rooms
    content = {
        "version": VERSION,
        "time_us": plant.now_us,
        "meters": {
            meter: [float(meters.energy_kwh[row]), float(meters.power_w[row])]
            for meter, row in meters.row.items()
        },
        "rooms": {unit: float(rooms.run_h[row]) for unit, row in rooms.row.items()},
        "pumps": {
            name: [pump.stabiliser_starts, pump.pump1_starts, pump.pump2_starts]
            for name, pump in plant.pumps.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(json.dumps(content), "utf-8")
    part.replace(path)


def recall(plant: Plant, path: Path) -> bool:
    """Give a plant that has begun the counters of an earlier run; say whether there were any.

    While the simulator was away the meters went on counting, and faster than they last did: no register may go
    back, even when the last seconds before a kill were not written.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    if content.get("version") != VERSION:
        return False
    away_h = max(plant.now_us - int(content["time_us"]), 0) / 3.6e9
    for meter, (energy_kwh, power_w) in content["meters"].items():
        row = plant.meters.row.get(meter)
        if row is not None:
            plant.meters.energy_kwh[row] = energy_kwh + WHILE_AWAY * power_w / 1000 * away_h
    for unit, run_h in content["rooms"].items():
        row = plant.rooms.row.get(unit)
        if row is not None:
            plant.rooms.run_h[row] = run_h
    for name, starts in content["pumps"].items():
        pump = plant.pumps.get(name)
        if pump is not None:
            pump.stabiliser_starts, pump.pump1_starts, pump.pump2_starts = starts
    return True
