"""When the hours of rules hold: never, for how long at one go, and which part of a schedule is ever reached."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.campus.calendars import Calendar, Hours
from devices.campus.conditions import Schedule

#: Two weeks and a day from a Monday on, in a year for which nobody has published holidays.
PLAIN: Final = tuple(dt.date(2091, 1, 1) + dt.timedelta(days=n) for n in range(15))
#: A week around each day that a calendar names shows how it joins its neighbours.
AROUND: Final = tuple(dt.timedelta(days=n) for n in range(-8, 9))


@dataclass(frozen=True, slots=True)
class Clock:
    """Moments at which something can change, in runs of days without a gap.

    runs: each from midnight of its first day to midnight after its last.
    """

    calendars: Mapping[str, Calendar]
    runs: tuple[tuple[dt.datetime, ...], ...]

    @classmethod
    def of(cls, hours: Iterable[Hours], calendars: Mapping[str, Calendar]) -> Clock:
        """The moments that matter to these hours; their calendars must be known."""
        parts = tuple(hours)
        own = {part.calendar: calendars[part.calendar] for part in parts if part.calendar is not None}
        days = {*PLAIN, *(day + away for one in own.values() for day in _named(one) for away in AROUND)}
        texts = {"00:00", *(text for part in parts for text in (part.start, part.end) if text != "24:00")}
        times = sorted(dt.time.fromisoformat(text) for text in texts)
        runs = (
            (
                *(dt.datetime.combine(day, time) for day in run for time in times),
                dt.datetime.combine(run[-1] + dt.timedelta(days=1), dt.time()),
            )
            for run in _without_gaps(sorted(days))
        )
        return cls(own, tuple(runs))

    def longest_s(self, hours: Sequence[Hours]) -> float:
        """The longest time for which one or the other of these hours holds without a break; 0 for never."""
        return max(self._longest_s(hours, run) for run in self.runs)

    def _longest_s(self, hours: Sequence[Hours], run: Sequence[dt.datetime]) -> float:
        longest, since = 0.0, None
        for moment in run:
            if since is None and self.hold(hours, moment):
                since = moment
            elif since is not None and (moment == run[-1] or not self.hold(hours, moment)):
                longest = max(longest, (moment - since).total_seconds())
                since = None
        return math.inf if longest == (run[-1] - run[0]).total_seconds() else longest

    def reached(self, schedule: Schedule, only: Sequence[Hours]) -> set[int | None]:
        """Numbers of the parts that count at some time while `only` holds; None: no part does at some time."""
        return {
            next((n for n, part in enumerate(schedule.schedule) if self.hold([part.hours], moment)), None)
            for moment in itertools.chain.from_iterable(self.runs)
            if not only or self.hold(only, moment)
        }

    def hold(self, hours: Sequence[Hours], moment: dt.datetime) -> bool:
        """Say whether any of these hours holds."""
        return any(
            part.hold(moment, None if part.calendar is None else self.calendars[part.calendar])
            for part in hours
        )


def _named(calendar: Calendar) -> Iterator[dt.date]:
    yield from calendar.make_up_workdays
    for holiday in calendar.holidays:
        yield from (holiday.first, holiday.last)


def _without_gaps(days: Sequence[dt.date]) -> Iterator[list[dt.date]]:
    run = [days[0]]
    for day in days[1:]:
        if day - run[-1] > dt.timedelta(days=1):
            yield run
            run = []
        run.append(day)
    yield run
