"""What happened on one bus, in numbers; nothing here is fatal."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.sources.polling.counters import LinkCounters


@dataclass(slots=True)
class Counters(LinkCounters):
    """Since the agent started; each way in which an answer can be wrong has its own name."""

    wrong_sum: int = 0  # frames whose checksum or end is wrong
    wrong_address: int = 0  # frames of another meter than the one asked
    wrong_data: int = 0  # answers about another data identifier
    wrong_control: int = 0  # answers to another kind of request
    wrong_number: int = 0  # following frames out of order
    echoes: int = 0  # requests heard on the bus: our own, from an adapter that echoes, or another master's
    noise: int = 0  # bytes that belonged to no frame
    followed: int = 0  # following frames that long answers took
