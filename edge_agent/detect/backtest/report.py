"""The report of a backtest as plain values, and what has to be acknowledged before its rules are published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.campus.rules import Rule
from devices.model.texts import Text
from edge_agent.detect.backtest.difference import Pair, What
from edge_agent.detect.backtest.episodes import Count, Tally
from edge_agent.detect.backtest.span import WINDOW_US, Span

MOST_ROWS: Final = 1000
MOST_DEVICES: Final = 500
#: More alerts than this in ten minutes are a flood (ISA-18.2, IEC 62682).
FLOOD: Final = 10
#: What one operator can stand, all rules together (ISA-18.2, IEC 62682).
TARGETS: Final = {
    "per_10_min": 1,
    "most_per_10_min": FLOOD,
    "flood_share": 0.01,
    "per_day": 144,
    "per_day_most": 288,
}
#: So many of a long list are named.
NAMED: Final = 5


def report(
    span: Span,
    rules: Mapping[str, tuple[Rule | None, Rule]],
    live: Tally,
    draft: Tally,
    pairs: Sequence[Pair],
    samples_by_day: npt.NDArray[np.int64],
    limit_per_day: int,
    unheard: Sequence[str],
) -> dict[str, Any]:
    """Everything that is told of a backtest.

    Args:
        span: the days that count.
        rules: of each judged rule the live one, where there is one, and the draft.
        live: what the live rules raised.
        draft: what the draft raised.
        pairs: their difference.
        samples_by_day: how much was read, int64 (days,).
        limit_per_day: more alerts of one rule on one day ask for an acknowledgement.
        unheard: points that were looked for and have no samples.
    """
    shown = [pair for pair in pairs if pair.what is not What.SAME]
    devices = _devices(live, draft, pairs)
    found = {
        "from_us": span.from_us,
        "to_us": span.to_us,
        "days": _days(span, live, draft, samples_by_day),
        "rules": [_rule(name, both, live, draft, pairs) for name, both in rules.items()],
        "devices": devices[:MOST_DEVICES],
        "devices_cut": max(0, len(devices) - MOST_DEVICES),
        "live": _side(span, live),
        "draft": _side(span, draft),
        "difference": {
            **_whats(pairs),
            "rows": [pair.as_json() for pair in shown[:MOST_ROWS]],
            "cut": max(0, len(shown) - MOST_ROWS),
        },
        "load_targets": TARGETS,
        "limit_per_day": limit_per_day,
        "notes": [_both(text) for text in _notes(span, live, draft, samples_by_day, unheard)],
    }
    return {**found, "warnings": [_both(text) for text in warnings(found)]}


def warnings(found: Mapping[str, Any]) -> list[Text]:
    """What a person has to acknowledge before the draft of this report is published."""
    limit = int(found["limit_per_day"])
    said = [
        Text(
            f"规则 {rule['rule']} 最多一天产生 {rule['worst_day']} 条告警，超过每天 {limit} 条",
            f"Rule {rule['rule']} raises up to {rule['worst_day']} alerts on one day, more than {limit}",
        )
        for rule in found["rules"]
        if rule["worst_day"] > limit
    ]
    load = found["draft"]["load"]
    if load["flood_share"] > TARGETS["flood_share"]:
        said.append(
            Text(
                f"{load['flood_share']:.1%} 的十分钟内告警超过 {FLOOD} 条，值班员无法应对",
                f"In {load['flood_share']:.1%} of all ten minutes more than {FLOOD} alerts are raised: a flood",
            )
        )
    return said


def _days(span: Span, live: Tally, draft: Tally, samples: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    return [
        {
            "day": day,
            "samples": int(samples[number]),
            "live": int(live.by_day[number]),
            "draft": int(draft.by_day[number]),
            "live_h": _hours(live.hours_by_day[number]),
            "draft_h": _hours(draft.hours_by_day[number]),
        }
        for number, day in enumerate(span.days)
    ]


def _rule(
    name: str, both: tuple[Rule | None, Rule], live: Tally, draft: Tally, pairs: Sequence[Pair]
) -> dict[str, Any]:
    old, new = both
    worst = draft.by_rule_day.get(name, np.zeros(1, np.int64)).max()
    return {
        "rule": name,
        "title": {"zh": new.title.zh, "en": new.title.en},
        "live_version": None if old is None else old.version,
        "draft_version": new.version,
        **_counts(live.by_rule.get(name), draft.by_rule.get(name)),
        **_whats([pair for pair in pairs if pair.known.rule == name]),
        "worst_day": int(worst),
    }


def _devices(live: Tally, draft: Tally, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    whats: dict[str, Counter[What]] = {}
    for pair in pairs:
        whats.setdefault(pair.known.device, Counter())[pair.what] += 1
    rows = [
        {
            "device": name,
            **_counts(live.by_device.get(name), draft.by_device.get(name)),
            **{str(what): whats.get(name, Counter())[what] for what in What},
        }
        for name in live.by_device.keys() | draft.by_device.keys()
    ]

    def changed(row: dict[str, Any]) -> tuple[int, int, str]:
        return -(row["gained"] + row["lost"] + row["moved"]), -(row["live"] + row["draft"]), row["device"]

    return sorted(rows, key=changed)


def _counts(live: Count | None, draft: Count | None) -> dict[str, Any]:
    old, new = live or Count(), draft or Count()
    return {
        "live": old.alerts,
        "draft": new.alerts,
        "live_h": _hours(old.hours),
        "draft_h": _hours(new.hours),
    }


def _whats(pairs: Sequence[Pair]) -> dict[str, int]:
    counted = Counter(pair.what for pair in pairs)
    return {str(what): counted[what] for what in What}


def _side(span: Span, tally: Tally) -> dict[str, Any]:
    return {
        "alerts": int(tally.by_day.sum()),
        "active_h": _hours(tally.hours_by_day.sum()),
        "open_at_end": tally.open_at_end,
        "by_severity": {s.name.lower(): count for s, count in tally.by_severity.items()},
        "load": load(tally.by_window, span.from_us),
        "intervals_cut": tally.cut,
    }


def load(by_window: npt.NDArray[np.int32], from_us: int) -> dict[str, Any]:
    """How alerts spread over windows of ten minutes, int32 (windows,): most are empty, and a flood is short."""
    floods = int((by_window > FLOOD).sum())
    busiest = int(by_window.argmax())
    return {
        "windows": len(by_window),
        "median": float(np.median(by_window)),
        "p95": float(np.percentile(by_window, 95)),
        "max": int(by_window[busiest]),
        "flood_windows": floods,
        "flood_share": floods / len(by_window),
        "busiest_us": from_us + busiest * WINDOW_US if by_window[busiest] else None,
    }


def _notes(
    span: Span, live: Tally, draft: Tally, samples: npt.NDArray[np.int64], unheard: Sequence[str]
) -> list[Text]:
    said = []
    empty = [span.days[number] for number in np.flatnonzero(samples == 0)]
    if empty:
        some = _some(empty)
        said.append(
            Text(f"{len(empty)} 天没有读数：{some}", f"No readings on {len(empty)} of the days: {some}")
        )
    if unheard:
        some = _some(unheard)
        said.append(
            Text(f"{len(unheard)} 个测点没有读数：{some}", f"{len(unheard)} points have no readings: {some}")
        )
    if live.cut or draft.cut:
        count = live.cut + draft.cut
        said.append(
            Text(
                f"另有 {count} 条告警只计数，未参与比较", f"{count} more alerts are counted and not compared"
            )
        )
    return said


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _hours(hours: float) -> float:
    return round(float(hours), 3)
