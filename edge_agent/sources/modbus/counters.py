"""What happened on one link, in numbers; nothing here is fatal."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.sources.polling.counters import LinkCounters


@dataclass(slots=True)
class Counters(LinkCounters):
    """Since the agent started; each way in which an answer can be wrong has its own name."""

    wrong_transaction: int = 0  # frames with a number that was not asked
    wrong_unit: int = 0  # frames from another unit than the one asked
    wrong_function: int = 0  # answers to another function
    bad_header: int = 0  # bytes that are not a frame
    bad_crc: int = 0  # frames whose checksum is wrong
    short_frames: int = 0  # frames that stopped before their end
    garbage: int = 0  # bytes in front of an answer
    bad_echo: int = 0  # questions that came back otherwise than they were sent
    heartbeats: int = 0  # signs of life of a unit that dials in
    strangers: int = 0  # callers at the port of this link that nobody knows
