"""The packets of one camera for several who want them."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.sources.capture.packets import Codec, Packet

Take = Callable[[Codec, Packet], None]


class Fan:
    """Stands before a source that gives the packets of a camera once.

    Args:
        on_packets: of the source.
    """

    def __init__(self, on_packets: Callable[[str, Take], None]) -> None:
        self._on_packets = on_packets
        self._takers: dict[str, list[Take]] = {}

    def on_packets(self, camera: str, take: Take) -> None:
        """Give every packet of a camera to `take` too."""
        takers = self._takers.setdefault(camera, [])
        takers.append(take)
        if len(takers) == 1:
            self._on_packets(camera, lambda codec, packet: _give(takers, codec, packet))


def _give(takers: list[Take], codec: Codec, packet: Packet) -> None:
    for take in takers:
        take(codec, packet)
