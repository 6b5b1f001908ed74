"""A plausible past: what the plant would have done in the last weeks, for charts and backtests."""
