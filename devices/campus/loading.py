"""Reading a site file with the tables and rule files it names, and checking that everything refers to something."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from devices.campus.calendars import Calendar, Season
from devices.campus.checks import check
from devices.campus.rules import Exemption, Rule, RuleFile
from devices.campus.site import Agent, Area, Building, Campus, CampusHead, Device, Link, Site, Zone
from devices.campus.tables import read_table
from devices.model.errors import ConfigRefused, Problem
from devices.profiles.library import load_sheets, shipped
from devices.profiles.strict import Strict, load


class SiteFile(Strict):
    """The site file as written: lists, or the names of tables and files beside it."""

    campus: CampusHead
    agents: tuple[Agent, ...] = Field(min_length=1)
    sites: tuple[Site, ...] = Field(min_length=1)
    buildings: tuple[Building, ...] = Field(min_length=1)
    zones: tuple[Zone, ...] = Field(min_length=1)
    areas: tuple[Area, ...] | str = Field(description="A list, or the name of a CSV table beside this file.")
    links: tuple[Link, ...]
    devices: tuple[Device, ...] | str = Field(
        description="A list, or the name of a CSV table beside this file."
    )
    rules: tuple[Rule | str, ...] = Field(
        (), description="Rules, or names of rule files relative to this file."
    )
    seasons: tuple[Season, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    profiles: tuple[str, ...] = Field((), description="Own data sheets, beside the shipped ones.")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


def load_campus(path: Path) -> Campus:
    """Read and check a whole site file.

    Raises:
        ConfigRefused: with every problem found, each with file, path, found and expected.
    """
    site = load(path, SiteFile)
    reader = _Reader(path)
    areas = reader.table(site.areas, Area)
    devices = reader.table(site.devices, Device)
    rules = reader.rules(site.rules)
    profiles = reader.profiles(site.profiles)
    if reader.problems:
        raise ConfigRefused(reader.problems)
    campus = Campus(
        head=site.campus,
        agents=reader.by_id("agents", site.agents),
        sites=reader.by_id("sites", site.sites),
        buildings=reader.by_id("buildings", site.buildings),
        zones=reader.by_id("zones", site.zones),
        areas=reader.by_id("areas", areas),
        links=reader.by_id("links", site.links),
        devices=reader.by_id("devices", devices),
        rules=reader.by_id("rules", rules),
        seasons=site.seasons,
        calendars=reader.by_id("calendars", site.calendars),
        exemptions=site.exemptions,
        profiles=profiles,
        digest=reader.digest(),
    )
    try:
        ZoneInfo(site.campus.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        reader.problems.append(
            Problem(str(path), "campus.timezone", repr(site.campus.timezone), "an IANA time zone")
        )
    reader.problems.extend(check(campus, str(path)))
    if reader.problems:
        raise ConfigRefused(reader.problems)
    return campus


class _Reader:
    """Reads what a site file names, gathering problems instead of stopping at the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._files = [path]

    def _beside(self, name: str) -> Path:
        path = self.path.parent / name
        self._files.append(path)
        return path

    def table(self, rows: tuple[Any, ...] | str, model: type[Any]) -> list[Any]:
        if not isinstance(rows, str):
            return list(rows)
        try:
            return read_table(self._beside(rows), model)
        except ConfigRefused as refused:
            self.problems.extend(refused.problems)
            return []

    def rules(self, entries: Iterable[Rule | str]) -> list[Rule]:
        rules: list[Rule] = []
        for entry in entries:
            if not isinstance(entry, str):
                rules.append(entry)
                continue
            try:
                rules.extend(load(self._beside(entry), RuleFile).rules)
            except ConfigRefused as refused:
                self.problems.extend(refused.problems)
        return rules

    def profiles(self, names: Iterable[str]) -> Mapping[str, Any]:
        try:
            return {**shipped(), **load_sheets(self._beside(name) for name in names)}
        except ConfigRefused as refused:
            self.problems.extend(refused.problems)
            return {}

    def by_id(self, where: str, items: Iterable[N]) -> dict[str, N]:
        found: dict[str, N] = {}
        for item in items:
            if item.id in found:
                self.problems.append(
                    Problem(str(self.path), f"{where}.{item.id}", "the id twice", "each id once")
                )
            found[item.id] = item
        return found

    def digest(self) -> str:
        joined = b"\0".join(file.read_bytes() for file in self._files)
        return hashlib.sha256(joined).hexdigest()[:16]
