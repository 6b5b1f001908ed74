"""How long a link takes to read all of its units once, from the plan alone. Pure.

On a serial line the bytes themselves take the time; behind a gateway whose bus is not known, an answer is taken
to need what it usually does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from devices.campus.modbus_links import (
    AnyModbusLink,
    ModbusDialInLink,
    ModbusSerialLink,
    ModbusTcpLink,
)
from edge_agent.sources.modbus.plan import BIT_TABLES, Span, UnitPlan
from edge_agent.sources.modbus.rtu import GAP_CHARACTERS, LEAST_GAP_S
from edge_agent.sources.serial_port import character_s

#: Bytes of a read request with unit and checksum, and of its answer beside the values.
REQUEST_BYTES: Final = 8
ANSWER_BYTES: Final = 5
#: How long a meter on a bus thinks before it answers, and how long a network takes both ways.
TURN_ROUND_S: Final = 0.02
NETWORK_S: Final = 0.002
MOBILE_S: Final = 0.2
#: An answer through a gateway whose bus is not known.
ANSWER_S: Final = 0.03


@dataclass(frozen=True, slots=True)
class Pacing:
    """What one question costs on a link.

    fixed_s: whatever is asked; byte_s: for each byte on the bus, 0 where that is not known.
    """

    fixed_s: float
    byte_s: float

    @classmethod
    def of(cls, link: AnyModbusLink, turn_round_s: float | None = None) -> Pacing:
        """For a link; `turn_round_s` is what a device needs to answer, where that is known better."""
        if isinstance(link, ModbusTcpLink) and link.baud is None:
            return cls(ANSWER_S if turn_round_s is None else turn_round_s, 0.0)
        byte_s = character_s(link.baud or 9600, link.frame)
        gaps_s = 2 * max(LEAST_GAP_S, GAP_CHARACTERS * byte_s)
        away_s = 0.0 if isinstance(link, ModbusSerialLink) else NETWORK_S
        if isinstance(link, ModbusDialInLink):
            away_s = MOBILE_S
        device_s = TURN_ROUND_S if turn_round_s is None else turn_round_s
        return cls(gaps_s + away_s + device_s, byte_s)

    def takes_s(self, span: Span) -> float:
        """Seconds from one question to the next."""
        values = (span.count + 7) // 8 if span.table in BIT_TABLES else 2 * span.count
        return self.fixed_s + self.byte_s * (REQUEST_BYTES + ANSWER_BYTES + values)


def cycle_s(plans: Iterable[UnitPlan], pacing: Pacing) -> float:
    """Seconds in which every unit of a link is read once."""
    return sum(pacing.takes_s(span) for plan in plans for span in plan.spans)
