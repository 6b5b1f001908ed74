"""Reading a site file with the tables and rule files it names, and checking that everything refers to something."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Discriminator, Field, Tag

from devices.campus import calibration_checks, checks, coverage_checks, dlt645_checks, rule_checks
from devices.campus.calendars import Calendar, Season
from devices.campus.calibrations import Calibration
from devices.campus.coverage import Coverage
from devices.campus.plans import Plan, Position
from devices.campus.rules import Exemption, Rule, RuleFile
from devices.campus.site import Agent, Area, Building, Campus, CampusHead, Device, Link, Site, Zone
from devices.campus.tables import read_table
from devices.model.errors import ConfigRefused, Problem
from devices.model.texts import Said
from devices.profiles.library import load_sheets, shipped
from devices.profiles.strict import Strict, load, parse, read_yaml

TWICE: Final = Said("重复的编号", "the id twice")
ONCE: Final = Said("每个编号一次", "each id once")


def _rule_or_file(value: object) -> str:
    return "file" if isinstance(value, str) else "rule"


#: Told apart before either is looked at, so that a wrong rule is not also reported as "no name of a file".
RuleOrFile = Annotated[
    Annotated[Rule, Tag("rule")] | Annotated[str, Tag("file")], Discriminator(_rule_or_file)
]


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
    rules: tuple[RuleOrFile, ...] = Field(
        (), description="Rules, or names of rule files relative to this file."
    )
    seasons: tuple[Season, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    coverage: tuple[Coverage, ...] = Field((), description="Areas that must be watched by good cameras.")
    calibrations: tuple[Calibration, ...] = Field((), description="Roads that cameras measure speeds on.")
    profiles: tuple[str, ...] = Field((), description="Own data sheets, beside the shipped ones.")
    plans: tuple[Plan, ...] = Field((), description="Floor plans and maps; only the hub reads drawings.")
    positions: tuple[Position, ...] | str = Field(
        (), description="Where devices stand in the plans: a list, or the name of a CSV table."
    )


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


def load_campus(path: Path) -> Campus:
    """Read and check a whole site file.

    Raises:
        ConfigRefused: with every problem found, each with file, path, found and expected.
    """
    reader = _Reader(path)
    site = reader.site()
    areas = reader.table("areas", site.areas, Area)
    devices = reader.table("devices", site.devices, Device)
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
        coverage=reader.by_id("coverage", site.coverage),
        profiles=profiles,
        calibrations=reader.by_id("calibrations", site.calibrations),
        digest=reader.digest(),
        plans=site.plans,
        positions=site.positions,
    )
    try:
        ZoneInfo(site.campus.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = site.campus.timezone
        reader.problems.append(Problem(str(path), "campus.timezone", repr(zone), "an IANA time zone"))
    reader.problems.extend(reader.placed(problem) for problem in _problems(campus, str(path)))
    if reader.problems:
        raise ConfigRefused(reader.problems)
    return campus


def with_rules(campus: Campus, rules: Iterable[Rule], file: str = "rules") -> Campus:
    """The same campus with some rules replaced, by id, and others added.

    Args:
        campus: as it was loaded.
        rules: the new ones; a rule that is to stop is given with `enabled: false`.
        file: what problems name as the place.

    Raises:
        ConfigRefused: with every problem, as when the site file is loaded.
    """
    given = list(rules)
    twice = {rule.id for number, rule in enumerate(given) if rule.id in {r.id for r in given[:number]}}
    problems = [Problem(file, f"rules.{name}", TWICE, ONCE) for name in sorted(twice)]
    changed = replace(campus, rules={**campus.rules, **{rule.id: rule for rule in given}})
    problems.extend(_problems(changed, file))
    if problems:
        raise ConfigRefused(problems)
    return changed


def _problems(campus: Campus, file: str) -> Iterator[Problem]:
    yield from checks.check(campus, file)
    yield from rule_checks.check(campus, file)
    yield from coverage_checks.check(campus, file)
    yield from calibration_checks.check(campus, file)
    yield from dlt645_checks.check(campus, file)


class _Reader:
    """Reads what a site file names, gathering problems instead of stopping at the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._files = [path]
        #: Where a table or a rule stands, when not in the site file: "devices", or "rules.speeding".
        self._origin: dict[str, Path] = {}

    def _beside(self, name: str) -> Path:
        path = self.path.parent / name
        self._files.append(path)
        return path

    def site(self) -> SiteFile:
        """The site file itself; when it is refused, so are the mistakes of the tables it names, in one go.

        Raises:
            ConfigRefused: it cannot be used.
        """
        values = read_yaml(self.path)
        try:
            return parse(values, SiteFile, str(self.path))
        except ConfigRefused as refused:
            self.problems.extend(refused.problems)
        named = values if isinstance(values, dict) else {}
        for key, model in (("areas", Area), ("devices", Device)):
            if isinstance(named.get(key), str):
                self.table(key, named[key], model)
        if isinstance(named.get("rules"), list):
            self.rules(entry for entry in named["rules"] if isinstance(entry, str))
        raise ConfigRefused(self.problems)

    def table(self, key: str, rows: tuple[Any, ...] | str, model: type[Any]) -> list[Any]:
        if not isinstance(rows, str):
            return list(rows)
        path = self._origin[key] = self._beside(rows)
        try:
            return read_table(path, model)
        except ConfigRefused as refused:
            self.problems.extend(refused.problems)
            return []

    def placed(self, problem: Problem) -> Problem:
        """The problem with the file in which it has to be put right."""
        first, _, rest = problem.path.partition(".")
        origin = self._origin.get(first) or self._origin.get(f"{first}.{rest.partition('.')[0]}")
        return problem if origin is None else replace(problem, file=str(origin))

    def rules(self, entries: Iterable[Rule | str]) -> list[Rule]:
        rules: list[Rule] = []
        for entry in entries:
            if not isinstance(entry, str):
                rules.append(entry)
                continue
            path = self._beside(entry)
            try:
                found = load(path, RuleFile).rules
            except ConfigRefused as refused:
                self.problems.extend(refused.problems)
                continue
            rules.extend(found)
            self._origin.update({f"rules.{rule.id}": path for rule in found})
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
                problem = Problem(str(self.path), f"{where}.{item.id}", TWICE, ONCE)
                self.problems.append(self.placed(problem))
            found[item.id] = item
        return found

    def digest(self) -> str:
        joined = b"\0".join(file.read_bytes() for file in self._files)
        return hashlib.sha256(joined).hexdigest()[:16]
