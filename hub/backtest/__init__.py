"""Backtests: what rules would have raised on the stored readings, as jobs beside the live hub."""

from __future__ import annotations

from hub.backtest.jobs import Backtests, Job
from hub.backtest.settings import BacktestSettings

__all__ = ["BacktestSettings", "Backtests", "Job"]
