"""Simulated cameras before an agent's eyes, without a network: drawn, encoded, decoded, looked at, judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind
from devices.model.codes import PictureReference
from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch
from devices.sim.plant.plant import Plant
from devices.sim.wires.pictures import Trouble, View, render
from edge_agent.detect.detection import Detection
from edge_agent.pictures import Looking, PictureSettings
from edge_agent.pictures.references import Light
from edge_agent.sources.capture.picture import seen_of

PERIOD_US: Final = 30_000_000
MOST_PIXELS: Final = 1e7


class Watch:
    """Some cameras of a campus, looked at every 30 s from `start_us` on."""

    def __init__(
        self,
        campus: Campus,
        agent: str,
        cameras: Iterable[str],
        start_us: int,
        seed: int = 1,
        **settings: float,
    ) -> None:
        self.campus, self.now_us = campus, start_us
        self.cameras = list(cameras)
        self.table = campus.points_of(agent)
        self.looking = Looking(campus, agent, self.table, PictureSettings(**settings))
        self.detection = Detection(campus, agent, self.table, start_us)
        self.plant = Plant(campus, seed)
        self.troubles: dict[str, dict[str, Trouble]] = {}
        self.events: list[AlertEvent] = []
        self.pictures = 0

    def put(self, camera: str, kind: str, value: float = 0.0) -> None:
        """Begin a fault."""
        self.troubles.setdefault(camera, {})[kind] = Trouble(value, self.now_us)

    def clear(self, camera: str) -> None:
        """Repair everything."""
        self.troubles.pop(camera, None)

    def round(self) -> None:
        """One picture of each camera, spread over 30 s, and all that follows."""
        step = PERIOD_US // (len(self.cameras) + 1)
        seen = [self._look(camera, self.now_us + n * step) for n, camera in enumerate(self.cameras)]
        self.now_us += PERIOD_US
        events = self.detection.step(SampleBatch.joined(seen), self.now_us - 1).events
        self.looking.note(events)
        self.events += [event for event in events if event.device in self.looking.row]

    def rounds(self, count: int) -> None:
        """Several rounds."""
        for _ in range(count):
            self.round()

    def knows(self, camera: str) -> bool:
        """Whether a camera has a reference for the light of its last picture."""
        light = Light.NIGHT if self.plant.sight(camera, self.now_us).infrared else Light.DAY
        return self.looking.state(camera, light) is not PictureReference.NONE

    def alerts(self) -> list[tuple[str, str]]:
        """Rule and device of every alert raised so far."""
        return [(e.rule, e.device) for e in self.events if e.kind is EventKind.RAISE]

    def open(self) -> list[str]:
        """Rules of alerts that are out."""
        out: dict[str, str] = {}
        for event in self.events:
            if event.kind is EventKind.CLEAR:
                out.pop(event.id, None)
            else:
                out[event.id] = event.rule
        return sorted(out.values())

    def frame(self, camera: str, time_us: int) -> FrameBatch:
        """A picture as it would be delivered."""
        # microseconds of a real moment are never round: the noise of the sensor lives on them
        seen_us = time_us + (time_us // 7919) % 999
        view = View(
            camera,
            self.plant.sight(camera, time_us),
            seen_us,
            self.campus.timezone,
            self.troubles.get(camera, {}),
        )
        seen = seen_of(render(view), MOST_PIXELS)
        row = np.array([self.looking.row[camera]], np.int32)
        return FrameBatch(row, np.array([time_us]), seen.grey[None], np.array([seen.colour], np.float32))

    def _look(self, camera: str, time_us: int) -> SampleBatch:
        self.pictures += 1
        return self.looking.look(self.frame(camera, time_us))
