"""What conditions compare, worked out at one moment from all readings by definition, as slowly as that takes.

Where the meaning of rules leaves a choice:

- A reading is fresh in [time, time + fresh_s).
- Of two samples of a point with one time the one that was delivered first counts.
- Energy is summed anew where the rule begins to count, after `only` or an exemption. It passes its limit at the
  first whole millisecond at which the sum is above it. Readings on which its stand-by depends must be fresh as well.
- An hour or day has its first moment and not its last: a start at midnight is one of the new day.
- What is usual is made of the time in which the point was fresh and the quantity was a number; that is its coverage.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from devices.campus.calendars import Hours
from devices.campus.checks import resolved
from devices.campus.conditions import Condition, Limit, OtherPoint, Schedule, Usual, UsualLimit
from devices.campus.rules import StateRule, WhenRule, leaves
from devices.campus.site import Campus, Device
from devices.model.points import PointTable
from devices.model.samples import Quality, SampleBatch

#: Readings of one point: time and value, in the order of time.
Said = list[tuple[int, float]]
Number = float | Fraction
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def readings(table: PointTable, samples: SampleBatch) -> dict[str, Said]:
    """The readings among samples, by the name of their point."""
    by_time: dict[str, dict[int, float]] = {name: {} for name in table.names}
    for row, time_us, value, quality in zip(
        samples.point, samples.time_us, samples.value, samples.quality, strict=True
    ):
        if quality in {Quality.GOOD, Quality.UNCERTAIN} and not math.isnan(value):
            by_time[table.names[row]].setdefault(int(time_us), float(value))
    return {name: sorted(found.items()) for name, found in by_time.items()}


def micros(seconds: float) -> int:
    """Whole microseconds."""
    return round(seconds * 1_000_000)


def value_at(said: Said, time_us: int) -> float:
    """The last reading at or before a moment; NaN before the first."""
    return next((value for time, value in reversed(said) if time <= time_us), math.nan)


def is_fresh(said: Said, time_us: int, fresh_us: int) -> bool:
    """Whether there is a reading that still counts."""
    return any(time <= time_us < time + fresh_us for time, _ in said)


@dataclass(frozen=True)
class Row:
    """One device under one rule; for a link, one of its devices, which tells the site.

    said: readings of the device by the name of the point.
    """

    campus: Campus
    rule: StateRule
    device: Device
    said: dict[str, Said]
    since_us: int
    until_us: int
    #: What was worked out already.
    figures: dict[Condition, dict[dt.datetime, float | None]] = field(default_factory=dict)
    limits: dict[object, float] = field(default_factory=dict)
    powers: dict[object, Fraction] = field(default_factory=dict)

    def local(self, time_us: int) -> dt.datetime:
        """The moment on the clocks of the campus."""
        seconds, rest = divmod(time_us, 1_000_000)
        return dt.datetime.fromtimestamp(seconds, self.campus.timezone) + dt.timedelta(microseconds=rest)

    def hold(self, hours: Hours, time_us: int) -> bool:
        """Whether it is such an hour."""
        calendar = None if hours.calendar is None else self.campus.calendars[hours.calendar]
        return hours.hold(self.local(time_us), calendar)

    def is_in_only(self, time_us: int) -> bool:
        """Whether the rule counts by hour and season."""
        only, day = self.rule.only, self.local(time_us).date()
        in_hours = not only.hours or any(self.hold(hours, time_us) for hours in only.hours)
        season = self.campus.period(self.campus.site_of(self.device).id, day)
        return in_hours and (not only.seasons or season in only.seasons)

    def counts(self, time_us: int) -> bool:
        """Whether the rule counts for the device."""
        return self.is_in_only(time_us) and not self.is_exempt(time_us)

    def is_exempt(self, time_us: int) -> bool:
        """Whether the device is free of the rule on that day."""
        return self.campus.exempt(self.rule.id, self.device, self.local(time_us).date()) is not None

    @cached_property
    def conditions(self) -> list[Condition]:
        """Every comparison of the rule."""
        own = self.rule.when if isinstance(self.rule, WhenRule) else ()
        return [leaf for when in (own, *(level.when for level in self.rule.levels)) for leaf in leaves(when)]

    @cached_property
    def fresh_us(self) -> int:
        """How long a reading counts."""
        return micros(self.rule.fresh_s)

    @cached_property
    def steps(self) -> list[int]:
        """Every moment at which anything but a sum over time can change."""
        shifts = {0, self.fresh_us}
        for condition in self.conditions:
            shifts |= {micros(condition.rate.over_s)} if condition.rate else set()
            shifts |= {micros(condition.count.within_s)} if condition.count else set()
        read = {time for said in self.said.values() for time, _ in said}
        found = {time + shift for time in read for shift in shifts} | set(self.clock_times())
        return sorted(time for time in found if self.since_us < time <= self.until_us)

    def clock_times(self) -> Iterator[int]:
        """Every whole hour, and the beginnings and ends of all hours that the rule names."""
        texts = {f"{hour:02}:00" for hour in range(24)}
        texts |= {text for hours in _hours(self) for text in (hours.start, hours.end) if text != "24:00"}
        day = self.local(self.since_us).date()
        while day <= self.local(self.until_us).date():
            for text in texts:
                moment = dt.datetime.combine(day, dt.time.fromisoformat(text), self.campus.timezone)
                yield micros(moment.timestamp())
            day += DAY

    def number(self, wanted: str | float, point: str) -> float:
        """What a condition names."""
        [sheet] = [p for p in self.campus.profile_of(self.device).points if p.name == point]
        return resolved(wanted, sheet) if isinstance(wanted, str) else float(wanted)


def _hours(row: Row) -> Iterator[Hours]:
    yield from row.rule.only.hours
    for condition in row.conditions:
        stand_by = condition.energy.stand_by if condition.energy else None
        for limit in (condition.above, condition.below, stand_by):
            if isinstance(limit, Schedule):
                yield from (part.hours for part in limit.schedule)


# ---- quantities ------------------------------------------------------------------------------------------------------


def quantity(row: Row, condition: Condition, time_us: int) -> Number:
    """What a condition compares, at a moment; NaN where it is not known, 1 or 0 for what is flat or not."""
    said = row.said[condition.point]
    value = value_at(said, time_us)
    if condition.rate is not None:
        before = value_at(said, time_us - micros(condition.rate.over_s))
        return (value - before) * SECONDS[condition.rate.per] / condition.rate.over_s
    if condition.count is not None:
        becomes = row.number(condition.count.becomes, condition.point)
        after_us = time_us - micros(condition.count.within_s)
        return math.nan if math.isnan(value) else float(edges(said, becomes, after_us, time_us))
    if condition.flat_s is not None:
        return _flat(said, micros(condition.flat_s), time_us)
    if condition.energy is not None:
        return energy(row, condition, time_us)
    if condition.bit is not None and not math.isnan(value):
        return float(int(value) >> condition.bit & 1)
    return value


def edges(said: Said, becomes: float, after_us: int, until_us: int) -> int:
    """How often a point changed to a value in (after, until]."""
    return sum(
        1
        for (_, before), (time, value) in itertools.pairwise(said)
        if after_us < time <= until_us and value == becomes != before
    )


def _flat(said: Said, flat_us: int, time_us: int) -> float:
    is_flat, changed_us, last = math.nan, 0, math.nan
    for time, value in said:
        if time > time_us:
            break
        if value != last:
            is_flat, changed_us, last = 0.0, time, value
        elif time >= changed_us + flat_us:
            is_flat = 1.0
    return is_flat


def energy(row: Row, condition: Condition, time_us: int) -> Number:
    """Sum above stand-by in kWh since the rule began to count; exact."""
    total = Fraction(0)
    if not row.counts(time_us):
        return total
    before = [time for time in row.steps if time < time_us]
    for begin, end in itertools.pairwise([*before, time_us]):
        # Where the rule does not count, all that was summed is forgotten.
        total = total + power(row, condition, begin) * (end - begin) if row.counts(begin) else Fraction(0)
    return total / micros(3_600_000)


def power(row: Row, condition: Condition, time_us: int) -> Fraction:
    """W above stand-by that count at a moment."""
    key = (condition, time_us)
    if key not in row.powers:
        row.powers[key] = _power(row, condition, time_us)
    return row.powers[key]


def _power(row: Row, condition: Condition, time_us: int) -> Fraction:
    assert condition.energy is not None
    stand_by = condition.energy.stand_by
    needed = [condition.point, *([stand_by.point] if isinstance(stand_by, OtherPoint) else [])]
    if not all(is_fresh(row.said[point], time_us, row.fresh_us) for point in needed):
        return Fraction(0)
    above = value_at(row.said[condition.point], time_us) - stand_by_at(row, condition, time_us)
    return Fraction(0) if math.isnan(above) else Fraction(max(above, 0.0))


def stand_by_at(row: Row, condition: Condition, time_us: int) -> float:
    """What is stand-by at a moment; what is usual of the power counts as above."""
    assert condition.energy is not None
    plain = Condition(point=condition.point, above=condition.energy.stand_by)
    return limit_at(row, plain, plain.above, time_us)


def energy_moments(row: Row, condition: Condition) -> Iterator[int]:
    """The whole milliseconds at which the sum first is above the limit."""
    assert isinstance(condition.above, float)
    for begin, end in itertools.pairwise([*row.steps, row.until_us + 1]):
        rate = power(row, condition, begin) if row.counts(begin) else Fraction(0)
        left = Fraction(condition.above) - Fraction(energy(row, condition, begin))
        if rate > 0 and left >= 0:
            wait_us = left * micros(3_600_000) / rate
            passes = begin + (math.floor(wait_us / 1000) + 1) * 1000
            if passes < end:
                yield passes


# ---- limits ----------------------------------------------------------------------------------------------------------


def limit_at(row: Row, condition: Condition, limit: Limit | None, time_us: int) -> float:
    """What a condition compares with; NaN where it is not known."""
    match limit:
        case OtherPoint():
            return limit.times * value_at(row.said[limit.point], time_us) + limit.plus
        case Schedule():
            fitting = (part.limit for part in limit.schedule if row.hold(part.hours, time_us))
            otherwise = math.nan if limit.otherwise is None else limit.otherwise
            return next(fitting, otherwise)
        case UsualLimit():
            return _usual(row, condition, limit.usual, time_us)
        case float():
            return limit
    word = condition.equals if condition.equals is not None else condition.differs
    return math.nan if word is None else row.number(word, condition.point)


def _usual(row: Row, condition: Condition, usual: Usual, time_us: int) -> float:
    now = row.local(time_us).replace(minute=0, second=0, microsecond=0)
    key = (condition, now)
    if key not in row.limits:
        row.limits[key] = _usual_from(row, condition, usual, now)
    return row.limits[key]


def _usual_from(row: Row, condition: Condition, usual: Usual, now: dt.datetime) -> float:
    """The limit of the hour that begins now."""
    known = row.figures.setdefault(condition, {})
    figures = []
    for begin in _past(row, usual, now):
        if begin not in known:
            known[begin] = _figure(row, condition, usual, begin)
        figures.append(known[begin])
    return _far_from([figure for figure in figures if figure is not None], condition, usual)


def _far_from(figures: list[float], condition: Condition, usual: Usual) -> float:
    if len(figures) < usual.least:
        return math.nan
    middle = statistics.median(figures)
    mad = statistics.median(abs(figure - middle) for figure in figures)
    away = usual.plus + usual.mads * 1.4826 * mad
    if condition.below is not None:
        return min(middle * usual.times - away, middle - usual.at_least)
    return max(middle * usual.times + away, middle + usual.at_least)


def _past(row: Row, usual: Usual, now: dt.datetime) -> Iterator[dt.datetime]:
    """Beginnings of the hours or days before today that are like this one."""
    for back in range(1, usual.days + 1):
        day = now.date() - back * DAY
        if usual.like == "same" and _is_workday(row, day) != _is_workday(row, now.date()):
            continue
        for hour in range(24) if usual.per == "hour" else [0]:
            if usual.like == "any" or usual.per == "day" or hour == now.hour:
                yield dt.datetime.combine(day, dt.time(hour), row.campus.timezone)


def _is_workday(row: Row, day: dt.date) -> bool:
    calendar = row.campus.site_of(row.device).calendar
    return day.weekday() < 5 if calendar is None else row.campus.calendars[calendar].is_workday(day)


def _figure(row: Row, condition: Condition, usual: Usual, begin: dt.datetime) -> float | None:
    """The figure of one hour or day; None where too little of it was known."""
    length = HOUR if usual.per == "hour" else DAY
    first, last = micros(begin.timestamp()), micros((begin + length).timestamp())
    said, known_us, total = row.said[condition.point], 0, Fraction(0)
    within = [time for time in row.steps if first < time < last]
    for since, until in itertools.pairwise([first, *within, last]):
        number = quantity(row, condition, since)
        if is_fresh(said, since, row.fresh_us) and not math.isnan(number):
            known_us += until - since
            total += Fraction(number) * (until - since)
    if known_us == 0 or known_us < Fraction(usual.coverage) * (last - first):
        return None
    if condition.count is not None:
        becomes = row.number(condition.count.becomes, condition.point)
        return float(edges(said, becomes, first - 1, last - 1))
    return float(total / known_us)


def first_known(row: Row, points: Iterable[str], begin_us: int, wanted_us: float) -> int | None:
    """When all points together have been fresh for so long since `begin_us`."""
    wanted, have = math.ceil(wanted_us), 0
    after = [time for time in row.steps if time > begin_us]
    names = list(points)
    if wanted <= 0:
        return begin_us
    for begin, end in itertools.pairwise([begin_us, *after, row.until_us]):
        if all(is_fresh(row.said[point], begin, row.fresh_us) for point in names):
            if have + end - begin >= wanted:
                return begin + wanted - have
            have += end - begin
    return None
