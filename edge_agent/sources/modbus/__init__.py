"""Modbus: points planned into requests once, one worker per link, answers decoded as arrays."""

from __future__ import annotations

from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.source import ModbusSource

__all__ = ["ModbusSettings", "ModbusSource"]
