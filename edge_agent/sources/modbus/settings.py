"""Settings of the Modbus source; addresses, periods and answer times belong to the links of the site file."""

from __future__ import annotations

from typing import Literal

from edge_agent.sources.polling.settings import PollSettings


class ModbusSettings(PollSettings):
    """How patient the source is; the defaults suit gateways and serial servers in one building."""

    kind: Literal["modbus"] = "modbus"
