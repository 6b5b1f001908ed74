"""What rules would have raised: the pure part of backtests, for the hub and for `campus-edge backtest`."""

from __future__ import annotations

from edge_agent.detect.backtest.report import warnings
from edge_agent.detect.backtest.span import Span
from edge_agent.detect.backtest.trial import Trial

__all__ = ["Span", "Trial", "warnings"]
