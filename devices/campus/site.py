"""What a campus consists of. Everything refers to everything else by id; `loading.load_campus` checks that it fits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from devices.campus.calendars import Calendar, Id, Period, Season
from devices.campus.calibrations import Calibration
from devices.campus.coverage import Coverage
from devices.campus.dlt645_links import ADDRESS_PATTERN, AnyDlt645Link
from devices.campus.modbus_links import AnyModbusLink
from devices.campus.plans import Plan, Position
from devices.campus.replacements import Replacement
from devices.campus.rules import Exemption, Rule
from devices.model.points import PointTable
from devices.profiles.profile import Profile, Words
from devices.profiles.strict import Strict

RTSP_PORT: Final = 554


class AreaKind(StrEnum):
    """Use of an area; rules select by it."""

    OFFICE = "office"
    MEETING = "meeting"
    CANTEEN = "canteen"
    KITCHEN = "kitchen"
    LOBBY = "lobby"
    CORRIDOR = "corridor"
    PARKING = "parking"
    ROAD = "road"
    GATE = "gate"
    OUTDOORS = "outdoors"
    PUMP_ROOM = "pump_room"
    PLANT_ROOM = "plant_room"
    SERVER_ROOM = "server_room"
    DUTY_ROOM = "duty_room"
    CLINIC = "clinic"
    ARCHIVE = "archive"


class Agent(Strict):
    """One edge agent on one gateway."""

    id: Id
    name: Words


class Site(Strict):
    """A compound."""

    id: Id
    name: Words
    agent: Id = Field(description="The agent that judges the devices of this site.")
    calendar: Id | None = None


class Building(Strict):
    """A building, or the grounds, of a site."""

    id: Id
    site: Id
    name: Words
    floors: int = Field(1, ge=1, le=200)
    m2: float = Field(0.0, ge=0)


class Zone(Strict):
    """Who is responsible for what; neighbours help (joint prevention)."""

    id: Id
    name: Words
    owner: Words
    phone: str = ""
    neighbours: tuple[Id, ...] = ()


class Area(Strict):
    """A room or a piece of ground."""

    id: Id
    building: Id
    zone: Id
    kind: AreaKind
    name: Words
    floor: int = 1
    m2: float = Field(0.0, ge=0)
    department: str = ""
    people: int = Field(0, ge=0, description="Head count, for energy per person.")


class MqttLink(Strict):
    """Devices that publish to the agent's field broker (its address is in the agent's settings)."""

    id: Id
    agent: Id
    kind: Literal["mqtt"]
    name: Words
    prefix: str = Field(
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", description="Topic before each device's own."
    )


class HttpLink(Strict):
    """Cameras behind one host, usually a recorder: pictures and streams over HTTP, or streams over RTSP."""

    id: Id
    agent: Id
    kind: Literal["http", "rtsp"]
    name: Words
    host: str = Field(min_length=1)
    port: int = Field(80, ge=1, le=65535, description="80, or 554 with kind rtsp, where nothing is said.")
    poll_s: float = Field(30.0, gt=0, le=3600, description="Seconds between two pictures of one camera.")
    timeout_s: float = Field(5.0, gt=0, le=60)
    sessions: int = Field(4, ge=1, le=64, description="Most requests at once that the host stands.")
    transport: Literal["tcp", "udp"] = Field("tcp", description="How the packets of an RTSP stream travel.")

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, given: Any) -> Any:
        is_rtsp = isinstance(given, Mapping) and given.get("kind") == "rtsp"
        return {"port": RTSP_PORT, **given} if is_rtsp else given


AnyLink = AnyModbusLink | AnyDlt645Link | MqttLink | HttpLink
Link = Annotated[AnyLink, Field(discriminator="kind")]


class Device(Strict):
    """One device: what it is (profile), how it is reached (link) and where it is (area)."""

    id: Id
    profile: Id
    link: Id
    area: Id
    name: Words
    unit: int = Field(1, ge=0, le=255, description="Modbus unit id.")
    index: int = Field(0, ge=0, description="Unit number behind a multi-unit gateway.")
    topic: str = Field(
        "",
        pattern=r"^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$",
        description="MQTT topic below the link's prefix.",
    )
    address: str = Field(
        "",
        pattern=ADDRESS_PATTERN,
        description="DL/T 645 address, the 12 digits on the meter; AAAAAAAAAAAA asks a meter that is alone.",
    )
    parameters: dict[str, float | str] = Field({}, description="Parameters of the profile, such as ct: 40.")
    tags: tuple[str, ...] = ()
    replaced: tuple[Replacement, ...] = Field((), description="New meters in the place of old ones.")


class CampusHead(Strict):
    """Name and time zone."""

    id: Id
    name: Words
    timezone: str = "Asia/Shanghai"


@dataclass(frozen=True)
class Campus:
    """The whole site file, checked, with its look-ups."""

    head: CampusHead
    agents: Mapping[str, Agent]
    sites: Mapping[str, Site]
    buildings: Mapping[str, Building]
    zones: Mapping[str, Zone]
    areas: Mapping[str, Area]
    links: Mapping[str, AnyLink]
    devices: Mapping[str, Device]
    rules: Mapping[str, Rule]
    seasons: tuple[Season, ...]
    calendars: Mapping[str, Calendar]
    exemptions: tuple[Exemption, ...]
    coverage: Mapping[str, Coverage]
    profiles: Mapping[str, Profile]
    calibrations: Mapping[str, Calibration]
    digest: str
    plans: tuple[Plan, ...] = ()
    positions: tuple[Position, ...] | str = ()  # or the name of a table that only the hub reads

    def __repr__(self) -> str:
        return f"Campus({self.head.id!r}, {len(self.devices)} devices)"

    @cached_property
    def timezone(self) -> ZoneInfo:
        """Zone in which dates and hours of rules count."""
        return ZoneInfo(self.head.timezone)

    def site_of(self, device: Device) -> Site:
        """The site a device stands in."""
        return self.sites[self.buildings[self.areas[device.area].building].site]

    def profile_of(self, device: Device) -> Profile:
        """The data sheet of a device."""
        return self.profiles[device.profile]

    def devices_of(self, agent: str) -> Iterator[Device]:
        """Devices that an agent reads, in file order."""
        return (device for device in self.devices.values() if self.links[device.link].agent == agent)

    def links_of(self, agent: str) -> Iterator[AnyLink]:
        """Links that an agent owns, in file order."""
        return (link for link in self.links.values() if link.agent == agent)

    def points_of(self, agent: str) -> PointTable:
        """Every point an agent can have, in file order."""
        points = {
            f"{device.id}.{point.name}": point.personal
            for device in self.devices_of(agent)
            for point in self.profile_of(device).points
        }
        return PointTable.of(points, (name for name, personal in points.items() if personal))

    def period(self, site: str, day: dt.date) -> Period:
        """Cooling, heating or transition on `day` at a site; its own season before the general one."""
        own = [season for season in self.seasons if site in season.sites]
        general = [season for season in self.seasons if not season.sites]
        return next((season.period(day) for season in [*own, *general]), Period.TRANSITION)

    def exempt(self, rule: str, device: Device, day: dt.date) -> Exemption | None:
        """The exemption that frees a device from a rule on `day`, if any."""
        for exemption in self.exemptions:
            named = exemption.device == device.id or exemption.area == device.area
            if exemption.rule == rule and named and day.isoformat() <= exemption.until:
                return exemption
        return None
