"""Whether the calibrations of a site file fit the campus: a stream camera, and radars of the same agent."""

from __future__ import annotations

from collections.abc import Iterator

from devices.campus.calibrations import Calibration
from devices.campus.checks import near
from devices.campus.site import Campus
from devices.model.errors import Problem
from devices.profiles.profile import DeviceKind
from devices.profiles.streams import StreamSheet


def check(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every problem of the calibrations of a campus that was read from `file`."""
    taken: dict[str, str] = {}
    for calibration in campus.calibrations.values():
        where = f"calibrations.{calibration.camera}"
        yield from _camera(campus, calibration, f"{where}.camera", file)
        for number, lane in enumerate(calibration.lanes):
            yield from _radar(campus, calibration, lane.radar, f"{where}.lanes.{number}.radar", file)
            first = taken.setdefault(lane.radar, where)
            if first != where:
                yield Problem(
                    file, f"{where}.lanes.{number}.radar", f"the radar of {first}", "one camera for a radar"
                )


def _camera(campus: Campus, calibration: Calibration, path: str, file: str) -> Iterator[Problem]:
    camera = campus.devices.get(calibration.camera)
    if camera is None:
        yield Problem(file, path, repr(calibration.camera), near(calibration.camera, campus.devices))
        return
    profile = campus.profiles.get(camera.profile)
    if profile is not None and not isinstance(profile.sheet, StreamSheet):
        yield Problem(file, path, f"a camera with {profile.sheet.kind}", "a camera with a stream")
    elif profile is not None and isinstance(profile.sheet, StreamSheet) and profile.sheet.scheme == "http":
        yield Problem(file, path, "a stream of JPEGs", "one with times of its own (rtsp): arrival is no time")


def _radar(campus: Campus, calibration: Calibration, radar: str, path: str, file: str) -> Iterator[Problem]:
    device, camera = campus.devices.get(radar), campus.devices.get(calibration.camera)
    if device is None:
        yield Problem(file, path, repr(radar), near(radar, campus.devices))
        return
    profile = campus.profiles.get(device.profile)
    if profile is not None and profile.kind is not DeviceKind.RADAR:
        yield Problem(file, path, f"a {profile.kind}", "a radar")
    links = [campus.links.get(one.link) for one in (device, camera) if one is not None]
    agents = {link.agent for link in links if link is not None}
    if len(agents) > 1:
        yield Problem(
            file, path, "a radar of another agent", "one of the camera's agent, which joins what they see"
        )
