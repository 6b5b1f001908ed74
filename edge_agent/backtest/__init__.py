"""`campus-edge backtest`: what rules would have raised, over an export of readings."""

from __future__ import annotations

from edge_agent.backtest.command import Asked, backtest

__all__ = ["Asked", "backtest"]
