"""Readings in, alert events out: arrays only, no input or output, no clock, no logging."""
