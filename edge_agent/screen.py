"""One screen of text about a running agent, from its health port: what a person asks first, on top."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any


def screen(status: Mapping[str, Any], now_us: int) -> str:
    """Write the screen from what `/status` answered."""
    return "\n".join(_lines(status, now_us)) + "\n"


def _lines(status: Mapping[str, Any], now_us: int) -> Iterator[str]:
    agent = status.get("agent", {})
    name, release, digest = (agent.get(key, "?") for key in ("id", "version", "site_digest"))
    yield f"agent {name}   version {release}   site file {digest}"
    yield f"up since {_clock(agent.get('started_us'))}   now {_clock(now_us)}"
    yield ""
    uplink = status.get("uplink", {})
    sent = _pairs(uplink, ("unacked", "sent", "acked", "resent", "refused"))
    yield f"hub      {uplink.get('state', '?'):<12} {sent}"
    line = _pairs(uplink, ("clock_offset_s", "bandwidth_bytes_per_s", "thin", "thinned"))
    yield f"         {line}"
    if uplink.get("state") != "connected" and uplink.get("last_error"):
        yield f"         !! {uplink['last_error']}"
    outbox = status.get("outbox", {})
    yield f"outbox   {_pairs(outbox, ('records', 'bytes', 'oldest_us', 'dropped', 'hours_left'), now_us)}"
    for lane, inner in dict(outbox.get("lanes", {})).items():
        yield f"  {lane:<8} {_pairs(inner, ('records', 'bytes', 'oldest_us'), now_us)}"
    pipeline = status.get("pipeline", {})
    judged = _pairs(pipeline, ("samples", "pictures", "events", "steps", "clock_steps", "not_kept"))
    yield f"judging  {judged}"
    yield ""
    yield f"{'link':<24}{'state':<14}{'answered':>10}{'no answer':>11}{'refused':>9}{'garbled':>9}  last good"
    for name, section in sorted(status.items()):
        for link, inner in dict(section.get("links", {}) if name.startswith("source_") else {}).items():
            yield _link(link, inner, now_us)


def _link(link: str, inner: Mapping[str, Any], now_us: int) -> str:
    counts = [inner.get(key, "-") for key in ("answered", "timeouts", "exceptions", "garbled")]
    widths = (10, 11, 9, 9)
    cells = "".join(f"{_short(count):>{width}}" for count, width in zip(counts, widths, strict=True))
    return f"{link:<24}{inner.get('state', '?')!s:<14}{cells}  {_age(inner.get('last_ok_us'), now_us)}"


def _pairs(values: Mapping[str, Any], keys: tuple[str, ...], now_us: int = 0) -> str:
    texts = []
    for key in keys:
        if key in values:
            value = _age(values[key], now_us) if key.endswith("_us") else _short(values[key])
            texts.append(f"{key.removesuffix('_us').replace('_', ' ')} {value}")
    return "   ".join(texts)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_short(inner)}" for key, inner in value.items() if inner) or "none"
    return "none" if value is None else str(value)


def _age(time_us: Any, now_us: int) -> str:
    if not isinstance(time_us, int) or time_us <= 0:
        return "never"
    return f"{max(0.0, (now_us - time_us) / 1e6):.0f} s ago"


def _clock(time_us: Any) -> str:
    if not isinstance(time_us, int):
        return "?"
    return dt.datetime.fromtimestamp(time_us / 1e6, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
