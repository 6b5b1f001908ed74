"""Reads the plans of a site file with their drawings and checks that they fit the campus.

Only the hub does so: agents need no drawings, and a mark that moved makes no other site file for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.campus.checks import near
from devices.campus.plans import Plan, Position
from devices.campus.plans_drawing import MOST_BYTES, ViewBox, view_box_of
from devices.campus.site import Campus
from devices.campus.tables import read_table
from devices.model.errors import ConfigRefused, Problem
from devices.profiles.profile import DeviceKind

#: What looks somewhere.
LOOKING: Final = frozenset({DeviceKind.CAMERA, DeviceKind.RADAR, DeviceKind.PLATE})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan with its drawing and the devices in it."""

    plan: Plan
    view_box: ViewBox
    drawing: bytes
    positions: tuple[Position, ...]

    def __repr__(self) -> str:
        return f"Drawn({self.plan.id!r}, {len(self.positions)} positions)"


def load_plans(site: Path, campus: Campus) -> Mapping[str, Drawn]:
    """The plans of `campus`, which was read from the file `site`.

    Raises:
        ConfigRefused: with every problem of plans, drawings and positions.
    """
    problems: list[Problem] = []
    drawings: dict[str, tuple[bytes, ViewBox]] = {}
    for plan in campus.plans:
        try:
            drawings[plan.id] = _drawing(site.parent / plan.drawing)
        except ConfigRefused as refused:
            problems.extend(refused.problems)
    file, positions = site, campus.positions
    if isinstance(positions, str):
        file = site.parent / positions
        try:
            positions = tuple(read_table(file, Position))
        except ConfigRefused as refused:
            problems.extend(refused.problems)
            positions = ()
    problems.extend(_plan_problems(campus, str(site)))
    boxes = {name: box for name, (_, box) in drawings.items()}
    problems.extend(_position_problems(campus, boxes, positions, str(file)))
    if problems:
        raise ConfigRefused(problems)
    return {
        plan.id: Drawn(
            plan,
            drawings[plan.id][1],
            drawings[plan.id][0],
            tuple(one for one in positions if one.plan == plan.id),
        )
        for plan in campus.plans
    }


def shows(plan: Plan, campus: Campus, device: str) -> bool:
    """Whether a plan is of the place where a device stands."""
    area = campus.areas[campus.devices[device].area]
    if plan.site is not None:
        return campus.buildings[area.building].site == plan.site
    return area.building == plan.building and area.floor == plan.storey


def _drawing(path: Path) -> tuple[bytes, ViewBox]:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigRefused([Problem(str(path), "-", str(error.strerror), "a readable SVG file")]) from None
    return data, view_box_of(data, str(path))


def _plan_problems(campus: Campus, file: str) -> Iterator[Problem]:
    ids: set[str] = set()
    places: dict[tuple[str | None, str | None, int], str] = {}
    for plan in campus.plans:
        where = f"plans.{plan.id}"
        if plan.id in ids:
            yield Problem(file, where, "the id twice", "each id once")
        ids.add(plan.id)
        building = campus.buildings.get(plan.building or "")
        if plan.site is not None and plan.site not in campus.sites:
            yield Problem(file, f"{where}.site", repr(plan.site), near(plan.site, campus.sites))
        elif plan.building is not None and building is None:
            yield Problem(
                file, f"{where}.building", repr(plan.building), near(plan.building, campus.buildings)
            )
        first = places.setdefault((plan.site, plan.building, plan.storey), plan.id)
        if first != plan.id:
            yield Problem(file, where, f"the place of {first}", "one plan for a place")


def _position_problems(
    campus: Campus, boxes: Mapping[str, ViewBox], positions: tuple[Position, ...], file: str
) -> Iterator[Problem]:
    plans = {plan.id: plan for plan in campus.plans}
    placed: dict[str, str] = {}
    for one in positions:
        where = f"positions.{one.device}"
        if one.device in placed:
            yield Problem(file, where, f"a place on {placed[one.device]} and on {one.plan}", "one place")
        placed.setdefault(one.device, one.plan)
        if one.plan not in plans:
            yield Problem(file, f"{where}.plan", repr(one.plan), near(one.plan, plans))
        if one.device not in campus.devices:
            yield Problem(file, where, repr(one.device), near(one.device, campus.devices))
        elif one.plan in plans:
            yield from _fitting(campus, plans[one.plan], one, where, file)
        if one.plan in boxes and not _inside(boxes[one.plan], one):
            left, top, width, height = boxes[one.plan]
            found, most = f"{one.x:g}, {one.y:g}", (left + width, top + height)
            expected = f"a place in the viewBox: {left:g} to {most[0]:g}, {top:g} to {most[1]:g}"
            yield Problem(file, f"{where}.x", found, expected)


def _fitting(campus: Campus, plan: Plan, one: Position, where: str, file: str) -> Iterator[Problem]:
    if not shows(plan, campus, one.device):
        area = campus.areas[campus.devices[one.device].area]
        found = f"a device on floor {area.floor} of {area.building}"
        place = plan.site or f"floor {plan.storey} of {plan.building}"
        yield Problem(file, f"{where}.plan", found, f"one in {place}")
    kind = campus.profile_of(campus.devices[one.device]).kind
    if one.heading is not None and kind not in LOOKING:
        yield Problem(file, f"{where}.heading", f"a heading of a {kind}", "none: it does not look anywhere")


def _inside(box: ViewBox, one: Position) -> bool:
    left, top, width, height = box
    return left <= one.x <= left + width and top <= one.y <= top + height
