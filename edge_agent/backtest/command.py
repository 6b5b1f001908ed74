"""A backtest over an export: read and sort it, judge hour by hour, tell."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from devices.campus.loading import load_campus, with_rules
from devices.campus.rules import RuleFile
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem
from devices.model.samples import SampleBatch
from devices.profiles.strict import load
from edge_agent.backtest.export import Export
from edge_agent.backtest.spool import Spool
from edge_agent.detect.backtest import Span, Trial
from edge_agent.detect.backtest.held import newest
from edge_agent.settings import load_settings

LONGEST_DAYS: Final = 1100
DAY: Final = dt.timedelta(days=1)
#: What is done, and how much of it is, 0..1.
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says. `begin` and `end` are days of the campus, the last one included, or moments."""

    config: Path
    rules: Path
    begin: str
    end: str
    data: Path
    alerts_per_day: int


def backtest(asked: Asked, progress: Progress) -> tuple[dict[str, Any], Campus]:
    """Judge the export; returns the report and the campus that was judged.

    Raises:
        ConfigRefused: settings, site file, rules, span or a line of the export cannot be used.
    """
    settings = load_settings(asked.config)
    campus = load_campus(settings.site)
    if settings.agent not in campus.agents:
        expected = f"one of {', '.join(campus.agents)}"
        raise ConfigRefused([Problem(str(asked.config), "agent", repr(settings.agent), expected)])
    rules = load(asked.rules, RuleFile).rules
    draft = with_rules(campus, rules, str(asked.rules))
    span = _span(asked, campus)
    ids = [rule.id for rule in rules]
    live, new = (_of_agent(one, settings.agent) for one in (campus, draft))
    trial = Trial(live, new, ids, span, asked.alerts_per_day, time.perf_counter)
    return _judged(trial, asked.data, campus, progress), campus


def _of_agent(campus: Campus, agent: str) -> Campus:
    """The campus without devices that another agent judges: the export may know nothing of them."""
    return replace(campus, devices={device.id: device for device in campus.devices_of(agent)})


def _judged(trial: Trial, data: Path, campus: Campus, progress: Progress) -> dict[str, Any]:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="campus-backtest-") as folder:
        spool, held = Spool(Path(folder)), SampleBatch.empty()
        export = Export(data, _places(trial, campus), campus.timezone)
        for batch in export.batches():
            inside = batch[(batch.time_us >= trial.held_from_us) & (batch.time_us < trial.read_to_us)]
            before = inside.time_us < trial.read_from_us
            held = newest(SampleBatch.joined([held, inside[before]]))
            spool.put(inside[~before])
            progress("reading", export.share)
        read_s = time.perf_counter() - began
        trial.take(held, trial.read_from_us - 1)
        for batch, end_us in spool.hours():
            trial.take(batch, min(end_us, trial.read_to_us) - 1)
            progress("judging", (end_us - trial.read_from_us) / (trial.read_to_us - trial.read_from_us))
        trial.take(SampleBatch.empty(), trial.read_to_us - 1)
        report = trial.finish()
    progress("judging", 1.0)
    cost = {"read_s": read_s, **asdict(trial.cost), "total_s": time.perf_counter() - began}
    return {**report, "cost": {name: round(value, 3) for name, value in cost.items()}}


def _places(trial: Trial, campus: Campus) -> dict[str, int]:
    every = {name: -1 for agent in campus.agents for name in campus.points_of(agent).names}
    return every | {name: place for place, name in enumerate(trial.points)}


def _span(asked: Asked, campus: Campus) -> Span:
    begin, end = _moment("--from", asked.begin, campus), _moment("--to", asked.end, campus)
    if len(asked.end) == len("2026-10-31"):
        end += DAY  # the last day is included
    from_us, to_us = (round(moment.timestamp() * 1e6) for moment in (begin, end))
    if not 0 <= from_us < to_us or end - begin > LONGEST_DAYS * DAY:
        found = f"{asked.begin} to {asked.end}"
        expected = f"a begin before the end, at most {LONGEST_DAYS} days"
        raise ConfigRefused([Problem("command line", "--from, --to", found, expected)])
    return Span(from_us, to_us, campus.timezone)


def _moment(option: str, text: str, campus: Campus) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        expected = "a day such as 2026-10-31, or a moment such as 2026-10-31T08:30"
        raise ConfigRefused([Problem("command line", option, repr(text), expected)]) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=campus.timezone)
