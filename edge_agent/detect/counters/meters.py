"""The counters of one agent: samples in, samples of totals and events out, state saved."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from devices.campus.site import Campus, Device
from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.errors import Garbled
from devices.model.points import PointTable
from devices.model.samples import Quality, SampleBatch
from devices.model.texts import Text
from devices.model.units import conversion
from devices.profiles.dlt645_sheet import Dlt645Point
from devices.profiles.profile import DeviceKind, Point, Profile, RegisterPoint
from edge_agent.detect import saving
from edge_agent.detect.counters.count import Counters, Counts, Event, Happened, Note, count, sign

#: Name of the saved state.
STATE: Final = "counters"
FLOATS: Final = frozenset({"f32", "f64"})
#: Counters that wait to be believed are named in health, so many at most.
MOST_NAMED: Final = 20
NAMES: Final = {
    Event.RESET: Text(
        "计数归零:{device} 的“{title}”由 {before} 变为 {after} {unit},累计值已接续",
        "Counter reset: {title} of {device} went from {before} to {after} {unit}; its total goes on",
    ),
    Event.REPLACED: Text(
        "计数跳变:{device} 的“{title}”由 {before} 变为 {after} {unit},疑为换表,请登记旧表止码与新表起码",
        "Counter jumped: {title} of {device} went from {before} to {after} {unit}; if the meter was replaced, "
        "note its last and first reading in the site file",
    ),
    Event.SIGNED: Text(
        "换表已登记:{device} 的“{title}”旧表止码 {before},新表起码 {after} {unit}",
        "New meter noted: {title} of {device} ended at {before}, the new one began at {after} {unit}",
    ),
}
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class _Kept:
    """One counter: its point, and the rows of reading and total in the agent's table."""

    device: Device
    point: Point
    row: int
    total: int

    @property
    def id(self) -> str:
        return f"{self.device.id}.{self.point.name}"


class Meters:
    """Keeps the total of each counter of an agent. Calls come in the order of time; nothing waits here."""

    def __init__(self, campus: Campus, agent: str, table: PointTable) -> None:
        self._campus = campus
        self._kept = [
            _Kept(
                device, point, table.row[f"{device.id}.{point.name}"], table.row[f"{device.id}.{total.name}"]
            )
            for device in campus.devices_of(agent)
            for point in campus.profile_of(device).sheet.points
            if (total := point.total) is not None
        ]
        self._of_row = np.full(len(table), -1, np.int64)
        self._of_row[[kept.row for kept in self._kept]] = np.arange(len(self._kept))
        self._total = np.array([kept.total for kept in self._kept], np.int64)
        self._known = self._described()
        self._state = Counts.nothing(len(self._kept))
        self._must_save = False
        self._tally: Tally[str] = Tally()

    def step(self, batch: SampleBatch) -> tuple[SampleBatch, list[AlertEvent]]:
        """Take samples; returns those of totals, at the times of their readings, and what people must know."""
        counter = self._of_row[batch.point]
        usable = (counter >= 0) & (batch.quality <= Quality.UNCERTAIN) & ~np.isnan(batch.value)
        if not usable.any():
            return SampleBatch.empty(), []
        mine, counter = batch[usable], counter[usable]
        waited = self._state.readings
        self._state, told = count(self._state, self._known, counter, mine.time_us, mine.value)
        self._tally["late"] += told.late
        # What waits or was decided must not be lost; how far a calm counter is, its next reading tells.
        self._must_save |= bool(told.happened) or not np.array_equal(waited, self._state.readings)
        totals = SampleBatch.of(self._total[told.counter], told.time_us, told.total, mine.quality[told.taken])
        return totals, self._events(told.happened)

    def _events(self, happened: list[Happened]) -> list[AlertEvent]:
        self._tally.update(one.event for one in happened)
        return [self._event(one) for one in happened if one.event in NAMES]

    def _event(self, one: Happened) -> AlertEvent:
        kept = self._kept[one.counter]
        device, profile = kept.device, self._campus.profile_of(kept.device)
        rule, unit = f"counter-{one.event}", conversion(kept.point.unit).canonical
        numbers = {"before": f"{one.before:.10g}", "after": f"{one.after:.10g}", "unit": unit}
        name, title, text = device.name, kept.point.title, NAMES[one.event]
        return AlertEvent(
            id=alert_id(rule, VERSION, device.id, one.time_us),
            kind=EventKind.MOMENT,
            rule=rule,
            rule_version=VERSION,
            family=Family.ENERGY if profile.kind is DeviceKind.METER else Family.DEVICE,
            severity=Severity.LOW,
            site=self._campus.site_of(device).id,
            device=device.id,
            time_us=one.time_us,
            start_us=one.time_us,
            value=one.after,
            limit=one.before,
            unit=unit,
            message=Text(
                text.zh.format(device=name.zh, title=title.zh, **numbers),
                text.en.format(device=name.en, title=title.en, **numbers),
            ),
            evidence={kept.point.name: one.after},
            parent=device.link,
        )

    def shift(self, by_us: int) -> None:
        """The clock was set: move what is remembered."""
        self._state = self._state.moved(by_us)

    def save(self, *, is_due: bool) -> dict[str, bytes]:
        """The state, if something was decided since it was saved, or if it is due."""
        if not self._kept or not (self._must_save or is_due):
            return {}
        return {STATE: saving.part(saving.packed([kept.id for kept in self._kept], self._state.named()))}

    def saved(self) -> None:
        """What `save` gave is on disk."""
        self._must_save = False

    def begin(self, data: bytes | None) -> list[AlertEvent]:
        """Continue from saved state, and take in what people noted of new meters since.

        Raises:
            Garbled: it cannot be read; the counters begin anew.
        """
        if data:
            try:
                names = [kept.id for kept in self._kept]
                self._state = Counts(**saving.reordered(saving.read_part(data), names, self._state.named()))
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise Garbled(f"saved counters cannot be read: {error}") from None
        self._state, happened = sign(self._state, self._known)
        self._must_save |= bool(happened)
        return self._events(happened)

    def health(self) -> dict[str, Any]:
        """Events by kind since the start, and counters whose readings are not believed yet."""
        waiting = np.flatnonzero(self._state.readings).tolist()
        return {
            "counters": len(self._kept),
            **{f"{event}_events": self._tally[event] for event in Event},
            "late": self._tally["late"],
            "waiting": len(waiting),
            "waiting_points": [self._kept[number].id for number in waiting[:MOST_NAMED]],
        }

    def _described(self) -> Counters:
        numbers = [_numbers(kept, self._campus.profile_of(kept.device)) for kept in self._kept]
        modulus, per_us, step = np.array(numbers, np.float64).reshape(-1, 3).T.copy()
        return Counters(modulus, per_us, step, tuple(_notes(kept, self._campus) for kept in self._kept))


def _numbers(kept: _Kept, profile: Profile) -> tuple[float, float, float]:
    """Modulus, growth in a microsecond and smallest step of a counter, in the canonical unit."""
    point, counter = kept.point, kept.point.counter
    assert counter is not None
    factor = conversion(point.unit).factor
    if point.scale_by is not None:
        parameters = {**profile.sheet.parameters, **kept.device.parameters}
        factor *= float(parameters[point.scale_by])
    modulus = np.nan if counter.modulus is None else counter.modulus * factor
    per_us = np.inf if counter.max_per_h is None else counter.max_per_h * factor / 3.6e9
    is_float = isinstance(point, RegisterPoint) and point.type in FLOATS
    digit = 10.0**-point.decimals if isinstance(point, Dlt645Point) else 1.0
    return modulus, per_us, 0.0 if is_float else abs(point.scale * digit * factor)


def _notes(kept: _Kept, campus: Campus) -> tuple[Note, ...]:
    """What people noted of new meters, in order of time."""
    found = []
    for note in kept.device.replaced:
        if note.point == kept.point.name:
            at = dt.datetime.fromisoformat(note.at).replace(tzinfo=campus.timezone)
            found.append(Note(round(at.timestamp() * 1e6), note.final, note.initial))
    return tuple(sorted(found, key=lambda note: note.at_us))
