"""Which topic is whose, and what a message of it says. Pure but for counters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from devices.campus.site import Campus, Device, MqttLink
from devices.model.points import PointTable
from devices.model.samples import Quality, SampleBatch
from devices.profiles.profile import JsonSheet, RadarBytesSheet
from edge_agent.sources.mqtt.json_map import JsonMap, Told
from edge_agent.sources.mqtt.radar_bytes import RadarBytes
from edge_agent.sources.mqtt.settings import MqttSettings


@dataclass(slots=True)
class LinkCounts:
    """What came over one link since the agent started."""

    answered: int = 0  # messages with readings
    samples: int = 0
    ignored: int = 0  # status answers and the like
    garbled: int = 0  # messages of known devices that could not be read
    oversized: int = 0
    unknown: int = 0  # messages on topics of no device
    retained: int = 0  # old messages without a time of their own, not used
    clock_off: int = 0  # messages whose own time cannot be right; their arrival counts
    last_ok_us: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "last_ok_us": self.last_ok_us or None}


class DeviceReader:
    """Reads the messages of one device."""

    def __init__(
        self, device: Device, sheet: JsonSheet | RadarBytesSheet, table: PointTable, settings: MqttSettings
    ) -> None:
        rows = {point.name: table.row[f"{device.id}.{point.name}"] for point in sheet.points}
        self.link = device.link
        self._rows = np.array(list(rows.values()), np.int32)
        self._map: JsonMap | RadarBytes
        if isinstance(sheet, JsonSheet):
            self._map = JsonMap(sheet, device.parameters, rows, settings.ahead_s, settings.behind_s)
        else:
            self._map = RadarBytes(sheet, device.parameters, rows)

    def read(self, payload: bytes, arrived_us: int) -> Told | None:
        """Read one message; None if it carries no readings.

        Raises:
            Garbled: it makes no sense.
        """
        if isinstance(self._map, JsonMap):
            return self._map.read(payload, arrived_us)
        batch = self._map.read(payload, arrived_us)
        return Told(batch, has_time=False, clock_off=False) if len(batch) else None

    def nonsense(self, time_us: int) -> SampleBatch:
        """Say that the device said something that makes no sense."""
        return SampleBatch.of(self._rows, time_us, np.nan, Quality.GARBLED)


class Devices:
    """Every MQTT device of an agent by its topic."""

    def __init__(self, campus: Campus, agent: str, table: PointTable, settings: MqttSettings) -> None:
        self.links = {link.id: link for link in campus.links_of(agent) if isinstance(link, MqttLink)}
        self.counts = {name: LinkCounts() for name in self.links}
        self._readers: dict[str, DeviceReader] = {}
        self._others: set[str] = set()
        for device in campus.devices.values():
            link, sheet = campus.links[device.link], campus.profile_of(device).sheet
            if not isinstance(link, MqttLink) or not isinstance(sheet, JsonSheet | RadarBytesSheet):
                continue
            if link.agent == agent:
                self._readers[topic_of(link, device)] = DeviceReader(device, sheet, table, settings)
            else:
                self._others.add(topic_of(link, device))

    def reader(self, topic: str) -> DeviceReader | None:
        """Who reads a topic; None if it is no device's of this agent."""
        return self._readers.get(topic)

    def is_anothers(self, topic: str) -> bool:
        """Whether a topic belongs to a device of another agent that shares a prefix with ours."""
        return topic in self._others

    def link_of(self, topic: str) -> str | None:
        """The link with the longest prefix of a topic."""
        fitting = [link for link in self.links.values() if f"{topic}/".startswith(f"{link.prefix}/")]
        return max(fitting, key=lambda link: len(link.prefix)).id if fitting else None

    def filters(self) -> list[str]:
        """Topic filters that cover every device once, and what comes beside them."""
        prefixes = {link.prefix for link in self.links.values()}
        return [f"{prefix}/#" for prefix in sorted(prefixes) if not _is_under(prefix, prefixes)]


def topic_of(link: MqttLink, device: Device) -> str:
    """The topic on which a device publishes."""
    return f"{link.prefix}/{device.topic}"


def _is_under(prefix: str, others: Iterable[str]) -> bool:
    return any(prefix.startswith(f"{other}/") for other in others)
