"""The table's rows: what is to be measured, and how good is good, whether or not it can be measured yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One line of the table.

    Attributes:
        name: the row's name; the module in ``benchmarks.rows`` that measures it has the same ``NAME``.
        good: how good is good, in words and numbers.
        not_yet: why this version cannot measure it; shown only where no row does.
    """

    name: str
    good: str
    not_yet: str = ""


GOALS = (
    Goal(
        "detection, history",
        ">= 500 M samples/s per core; >= 4x polars (one thread), 20x pandas, 100x DuckDB, 100x a Python loop",
    ),
    Goal(
        "backtest, end to end",
        "<= 3 s for a month at one minute, store to report",
    ),
    Goal("detection, live", "p99 <= 2 ms for one step over 5,000 points and 20 rules"),
    Goal("modbus", ">= 80 % of bare pymodbus's requests/s; >= 100,000 points/s per core to the outbox"),
    Goal(
        "modbus, many devices",
        "<= 15 % of a core; age at the broker p50 <= 10 ms, p99 <= 50 ms",
    ),
    Goal(
        "dead devices",
        "healthy period p99 <= 1.02 s; shared link within 10 %; a write while polling p99 <= 300 ms",
    ),
    Goal(
        "modbus at scale",
        "100,000 points/s contiguous: <= 30 % of a core, no round left out; writes beside that load p99 <= 300 ms",
    ),
    Goal("outbox", ">= 100,000 samples/s durable; >= 2,000 single alerts/s"),
    Goal("ingest", ">= 500,000 samples/s into DuckDB; >= 200,000 into VictoriaMetrics"),
    Goal("backlog", "72 h of 854 points: >= 10x real time, live alerts p99 <= 1 s meanwhile"),
    Goal("alert latency", "p99 <= 250 ms from the poll that saw it to a browser-like client"),
    Goal("cameras", "854 snapshot cameras every 30 s: <= 1 core, <= 1 GB"),
    Goal("cameras, checks", "all checks of a picture cost less than its decoding"),
    Goal("cameras, quiet", "no false alert on simulated days without faults"),
    Goal("vision speed", "a calibrated camera at 640x360, 12.5 frames/s: <= 10 % of a core"),
    Goal("agent at rest", "854 points at 10 s: <= 2 % of a core, <= 150 MB"),
    Goal("board", "10,000 open alerts: list p95 <= 100 ms; a storm of 10,000 in 60 s, none lost"),
)
