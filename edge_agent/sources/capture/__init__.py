"""Capture: worker processes that read streams and decode pictures, and what both sides say to each other.

The worker imports this package and no more of the agent, so that a process costs little memory.
"""
