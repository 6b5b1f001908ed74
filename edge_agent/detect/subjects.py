"""What the rules need to know of the campus: the devices they judge, their points, and what to call them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from devices.campus.checks import selected
from devices.campus.rule_head import RuleHead
from devices.campus.site import Campus, Device
from devices.model.alerts import AlertEvent, EventKind, Severity, alert_id
from devices.model.codes import CODE_TEXTS
from devices.model.points import PointTable
from devices.model.texts import Text
from devices.model.units import conversion
from devices.profiles.profile import Point
from edge_agent.detect.block import Flags, Rows

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing an alert can be about: a device, or a whole link."""

    id: str
    site: str
    name: Text
    area: Text
    parent: str
    points: dict[str, int]  # point name to row in the block


class Register:
    """The part of the campus that one agent judges."""

    def __init__(self, campus: Campus, agent: str, table: PointTable) -> None:
        self.campus = campus
        self.agent = agent
        self.table = table
        self._devices = {device.id: device for device in campus.devices_of(agent)}
        self._meanings = {
            name: {p.name: (p.codes or "", conversion(p.unit).canonical) for p in profile.points}
            for name, profile in campus.profiles.items()
        }

    def subjects(self, rule: RuleHead) -> tuple[Subject, ...]:
        """Devices of this agent that a rule is for, in file order."""
        return tuple(
            self.subject(device) for device in selected(self.campus, rule) if device.id in self._devices
        )

    def subject(self, device: Device) -> Subject:
        """One device with the rows of its points."""
        area = self.campus.areas[device.area]
        points = {
            p.name: self.table.row[f"{device.id}.{p.name}"] for p in self.campus.profile_of(device).points
        }
        return Subject(
            id=device.id,
            site=self.campus.site_of(device).id,
            name=Text(device.name.zh, device.name.en),
            area=Text(area.name.zh, area.name.en),
            parent=device.link,
            points=points,
        )

    def link_subjects(self, subjects: Sequence[Subject]) -> tuple[Subject, ...]:
        """The links behind which the subjects stand, each with all their points."""
        links: dict[str, Subject] = {}
        for subject in subjects:
            known = links.get(subject.parent)
            points = {} if known is None else known.points
            points |= {f"{subject.id}.{name}": row for name, row in subject.points.items()}
            name = self.campus.links[subject.parent].name
            text = Text(name.zh, name.en)
            links[subject.parent] = Subject(subject.parent, subject.site, text, subject.area, "", points)
        return tuple(links.values())

    def exempt(self, rule: RuleHead, subjects: Sequence[Subject], day: dt.date) -> Flags:
        """Which subjects are free of the rule on a day, bool (subjects,)."""
        if not any(exemption.rule == rule.id for exemption in self.campus.exemptions):
            return np.zeros(len(subjects), np.bool_)
        return np.array(
            [
                s.id in self._devices and self.campus.exempt(rule.id, self._devices[s.id], day) is not None
                for s in subjects
            ],
            np.bool_,
        )

    def rows(self, subjects: Sequence[Subject], point: str) -> Rows:
        """Row of one point of each subject, int64 (subjects,); -1 where a subject has none."""
        return rows_of(subjects, point)

    def sheet_point(self, subject: Subject, point: str) -> Point:
        """A point as the data sheet of the subject's profile describes it."""
        profile = self.campus.profile_of(self._devices[subject.id])
        return next(known for known in profile.points if known.name == point)

    def in_season(self, subjects: Sequence[Subject], date: dt.date, seasons: Collection[str]) -> Flags:
        """Whether a date is in one of the seasons where each subject stands, bool (subjects,)."""
        inside = {site: self.campus.period(site, date) in seasons for site in self.campus.sites}
        return np.array([inside[subject.site] for subject in subjects], np.bool_)

    def workdays(self, subjects: Sequence[Subject]) -> Callable[[dt.date], Flags]:
        """A function that says of a date whether people work on it, bool (subjects,), by the calendars of the sites.

        A site without a calendar works from Monday to Friday.
        """
        names = [self.campus.sites[subject.site].calendar for subject in subjects]

        @cache
        def workdays(date: dt.date) -> Flags:
            works = {name: _works(self.campus, name, date) for name in set(names)}
            return np.array([works[name] for name in names], np.bool_)

        return workdays

    def value_text(self, subject: Subject, point: str, value: float) -> Text:
        """A value as people read it: the word of its code set, or the number."""
        if value != value:  # noqa: PLR0124 - NaN differs from itself
            return Text("无", "none")
        codes, _ = self._meaning(subject, point)
        return _code_text(codes, value) if codes else Text(_plain(value), _plain(value))

    def unit(self, subject: Subject, point: str) -> str:
        """Canonical unit of a subject's point."""
        return self._meaning(subject, point)[1]

    def _meaning(self, subject: Subject, point: str) -> tuple[str, str]:
        """Code set ("" for a number) and canonical unit of a point."""
        device = self._devices.get(subject.id)
        return ("", "") if device is None else self._meanings[device.profile].get(point, ("", ""))


def _works(campus: Campus, calendar: str | None, date: dt.date) -> bool:
    if calendar is None:
        return date.weekday() < SATURDAY
    return campus.calendars[calendar].is_workday(date)


def _code_text(codes: str, value: float) -> Text:
    try:
        return CODE_TEXTS[codes][int(value)]
    except (KeyError, ValueError):
        return Text(_plain(value), _plain(value))


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything that makes one event of a rule about a subject."""

    kind: EventKind
    time_us: int
    start_us: int
    value: float
    limit: float
    unit: str
    value_text: Text
    limit_text: Text
    severity: Severity
    evidence: dict[str, float]


def event(rule: RuleHead, subject: Subject, finding: Finding) -> AlertEvent:
    """Write the event with its message in both languages."""
    hold = _plain((finding.time_us - finding.start_us) / 1e6)
    zh = {
        "device": subject.name.zh,
        "area": subject.area.zh,
        "value": finding.value_text.zh,
        "limit": finding.limit_text.zh,
    }
    en = {
        "device": subject.name.en,
        "area": subject.area.en,
        "value": finding.value_text.en,
        "limit": finding.limit_text.en,
    }
    shared = {"unit": finding.unit, "hold": hold}
    return AlertEvent(
        id=alert_id(rule.id, rule.version, subject.id, finding.start_us),
        kind=finding.kind,
        rule=rule.id,
        rule_version=rule.version,
        family=rule.family,
        severity=finding.severity,
        site=subject.site,
        device=subject.id,
        time_us=finding.time_us,
        start_us=finding.start_us,
        value=finding.value,
        limit=finding.limit,
        unit=finding.unit,
        message=Text(rule.message.zh.format(**zh, **shared), rule.message.en.format(**en, **shared)),
        evidence=finding.evidence,
        parent=subject.parent,
        latch=rule.latch,
    )


def rows_of(subjects: Sequence[Subject], point: str, absent: int = -1) -> Rows:
    """Row of one point of each subject, int64 (subjects,); `absent` where a subject has none."""
    return np.array([subject.points.get(point, absent) for subject in subjects], np.int64)
