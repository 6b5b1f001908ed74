"""Pictures in, samples out: every measure of every picture, against the references that are learnt on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgpack
import numpy as np
import numpy.typing as npt

from devices.campus.site import Campus, HttpLink
from devices.model.alerts import AlertEvent, EventKind
from devices.model.codes import PictureReference
from devices.model.errors import Refused
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.profiles.profile import DeviceKind
from edge_agent.pictures import edges
from edge_agent.pictures.against import Against, blind, changes, compared, learnable, like
from edge_agent.pictures.alike import Change, Together
from edge_agent.pictures.grid import COLUMNS, ROWS, Flags, Floats, Greys, halved
from edge_agent.pictures.plain import Plain, Seen, look
from edge_agent.pictures.references import Candidate, Light, References
from edge_agent.pictures.settings import PictureSettings

Rows = npt.NDArray[np.int64]

#: Name of the saved state.
STATE: Final = "pictures"
#: Less colour than the first is infrared, more than the second is daylight; between them it is what it was.
COLOURLESS, COLOURED = 1.0, 3.0
#: Points that are told for each picture, and those that are told when they change.
AGAINST: Final = ("sharpness", "kept_edges", "clear_third", "like_side", "texture", "covered_share")
EACH: Final = (*Plain.__slots__, "colour", "noise_level", *AGAINST, "shift", "shift_x", "shift_y")
CHANGING: Final = ("reference", "reference_day", "reference_night", "alike", "many_alike")
#: A view with fewer edges (a bare wall, asphalt) cannot be told from a covered one: it gets no reference.
LEAST_STRONG: Final = 0.03
#: A shift of less is not told in pixels.
LEAST_SHIFT: Final = 0.5


class Looking:
    """Looks at the pictures of an agent's cameras. Calls come in the order of time; nothing here waits.

    Args:
        campus: the site file.
        agent: whose cameras; `FrameBatch.camera` counts them in file order.
        table: the agent's points.
        settings: how references are learnt.
    """

    def __init__(self, campus: Campus, agent: str, table: PointTable, settings: PictureSettings) -> None:
        devices = [d for d in campus.devices_of(agent) if campus.profile_of(d).kind is DeviceKind.CAMERA]
        self.cameras = tuple(device.id for device in devices)
        self.row = {name: number for number, name in enumerate(self.cameras)}
        self.references = References.none(len(devices))
        self.counts: Counter[str] = Counter()
        self._settings = settings
        self._seen = Seen.nothing(len(devices))
        links = [campus.links[device.link] for device in devices]
        apart_s = [link.poll_s / 2 if isinstance(link, HttpLink) else 0.0 for link in links]
        self._apart_us = np.array([round(apart * 1e6) for apart in apart_s], np.int64)
        self._light = np.zeros(len(devices), np.int64)
        self._suspect = np.zeros(len(devices), np.bool_)
        self._suspect_us = np.full(len(devices), np.iinfo(np.int64).min // 2)
        self._alerts: dict[int, set[str]] = {}
        buildings = [campus.areas[device.area].building for device in devices]
        groups = {name: number for number, name in enumerate(dict.fromkeys(buildings))}
        self._together = Together([groups[name] for name in buildings], settings.together_s)
        self._first_of = {groups[name]: row for row, name in reversed([*enumerate(buildings)])}
        self._points = {
            name: np.array([table.row[f"{camera}.{name}"] for camera in self.cameras], np.int64)
            for name in (*EACH, *CHANGING)
        }
        self._each = np.stack([self._points[name] for name in EACH])
        self._told = {name: np.full(len(devices), np.nan) for name in CHANGING}

    def look(self, frames: FrameBatch) -> SampleBatch:
        """Judge pictures; each camera at most once in a batch."""
        camera = frames.camera.astype(np.int64)
        plain = look(self._seen, frames.camera, frames.grey, frames.time_us, self._apart_us[camera])
        colour = np.full(len(frames), np.nan) if frames.colour is None else frames.colour.astype(np.float64)
        light = self._lights(camera, colour)
        half = halved(frames.grey)
        against = self._against(camera, light, frames.grey, half, blind(plain))
        change = changes(plain, against)
        self._together.note(camera, change, frames.time_us)
        self._suspect[camera] = change != Change.NONE
        self._suspect_us[camera] = np.where(self._suspect[camera], frames.time_us, self._suspect_us[camera])
        self.counts["looked"] += len(frames)
        self.counts["suspect"] += int(np.count_nonzero(change))
        self._learn(frames, light, half, plain, against, change)
        return self._samples(frames, colour, plain, against, light)

    def suspects(self, camera: npt.NDArray[np.int32]) -> list[int]:
        """Those of some cameras that should be looked at again soon."""
        return [int(row) for row in camera if self._suspect[row]]

    def note(self, events: Iterable[AlertEvent]) -> None:
        """Take in what was raised and cleared: while an alert is out nothing is learnt of its camera."""
        for event in events:
            row = self.row.get(event.device)
            if row is None:
                continue
            out = self._alerts.setdefault(row, set())
            if event.kind is EventKind.CLEAR:
                out.discard(event.id)
            elif (
                event.kind is EventKind.RAISE
            ):  # a moment is over at once, and a change is of one that is out
                out.add(event.id)

    def confirm(self, camera: str, light: Light, now_us: int) -> None:
        """A person says that a reference is right; it follows nothing from now on.

        Raises:
            Refused: there is no such camera, or nothing to confirm.
        """
        row = self._row(camera)
        if self.references.state[row, light] == PictureReference.NONE:
            raise Refused(f"{camera} has no reference by {light.name.lower()} yet")
        self.references.confirm(row, light, now_us)

    def forget(self, camera: str, *lights: Light) -> None:
        """Learn references anew, because the camera was turned or the view rebuilt.

        Forget both after a turn: one that stays shows the old view, and another than that is not learnt beside it.

        Raises:
            Refused: there is no such camera.
        """
        row = self._row(camera)
        for light in lights:
            self.references.forget(row, light)
        self._alerts.pop(row, None)  # they are of the old view, and end only when a new one is learnt
        self._suspect_us[row] = np.iinfo(np.int64).min // 2

    def reference(self, camera: str, light: Light) -> Greys | None:
        """The reference of a camera, uint8 (90, 160), if it has one."""
        row = self._row(camera)
        has = self.references.state[row, light] != PictureReference.NONE
        return self.references.half[row, light] if has else None

    def state(self, camera: str, light: Light) -> PictureReference:
        """Whether a reference is there, and confirmed."""
        return PictureReference(int(self.references.state[self._row(camera), light]))

    def since_us(self, camera: str, light: Light) -> int:
        """When a reference was learnt, or confirmed."""
        return int(self.references.learned_us[self._row(camera), light])

    def health(self) -> dict[str, Any]:
        """Counters, and how many references are in which state."""
        states = self.references.state
        return {
            **{name: self.counts[name] for name in ("looked", "suspect")},
            **{name: self.references.counts[name] for name in ("learned", "adapted", "refused", "too_plain")},
            **{
                f"{light.name.lower()}_{state.name.lower()}": int(np.count_nonzero(states[:, light] == state))
                for light in Light
                for state in PictureReference
            },
        }

    def save(self) -> dict[str, bytes]:
        """How often pictures repeated, so that a frozen camera stays frozen over a restart."""
        rows = np.flatnonzero(self._seen.same)
        kept = {
            self.cameras[row]: [self._seen.tiles[row].tobytes(), int(self._seen.same[row])] for row in rows
        }
        return {STATE: msgpack.packb(kept)}

    def restore(self, saved: bytes | None) -> None:
        """Go on from what `save` gave; what cannot be read counts from nothing."""
        try:
            kept = msgpack.unpackb(saved) if saved else {}
            for camera, (tiles, same) in kept.items():
                if (row := self.row.get(camera)) is not None:
                    self._seen.tiles[row] = np.frombuffer(tiles, np.uint64).reshape(ROWS, COLUMNS)
                    self._seen.same[row] = same
        except (ValueError, TypeError, msgpack.UnpackException):  # or as an older agent saved it
            self.counts["unreadable"] += 1

    def _row(self, camera: str) -> int:
        if camera not in self.row:
            raise Refused(f"no camera {camera!r} here")
        return self.row[camera]

    def _lights(self, camera: Rows, colour: Floats) -> Rows:
        said = np.where(
            colour < COLOURLESS, Light.NIGHT, np.where(colour > COLOURED, Light.DAY, self._light[camera])
        )
        self._light[camera] = said
        return said

    def _against(self, camera: Rows, light: Rows, grey: Greys, half: Greys, unseen: Flags) -> Against:
        found = Against.nothing(len(camera))
        has = np.flatnonzero((self.references.state[camera, light] != PictureReference.NONE) & ~unseen)
        if len(has):
            now, first = self.references.outlines(camera[has], light[has])
            focus = self.references.energies(camera[has], light[has])
            shown = self.references.first[camera[has], light[has]]
            found.put(has, compared(now, first, shown, focus, grey[has], half[has]))
        return found

    def _learn(
        self, frames: FrameBatch, light: Rows, half: Greys, plain: Plain, against: Against, change: Rows
    ) -> None:
        """Learn from healthy pictures of calm cameras that nothing is said of."""
        camera = frames.camera.astype(np.int64)
        calm = frames.time_us - self._suspect_us[camera] >= self._settings.calm_s * 1e6
        quiet = np.array([not self._alerts.get(int(row)) for row in camera], np.bool_)
        state = self.references.state[camera, light]
        open_ = (state == PictureReference.NONE) & quiet & (change == Change.NONE) & learnable(plain)
        for number in np.flatnonzero(open_).tolist():
            self._offer(int(camera[number]), int(light[number]), frames, number, half[number])
        due = frames.time_us - self.references.adapted_us[camera, light] >= self._settings.adapt_s * 1e6
        rows = np.flatnonzero((state == PictureReference.UNCONFIRMED) & quiet & calm & due & like(against))
        self.references.adapt(camera[rows], light[rows], half[rows], frames.time_us[rows])

    def _offer(self, row: int, light: int, frames: FrameBatch, number: int, half: Greys) -> None:
        time_us = int(frames.time_us[number])
        candidate = Candidate(time_us, half.copy(), frames.grey[number].copy())
        if not self.references.offer(row, light, candidate, self._settings.learn_s):
            return
        median = self.references.median(row, light)
        strong = edges.outline(median[None]).strong
        if strong.mean() < LEAST_STRONG:
            self.references.give_up(row, light)
            return
        self.references.learn(row, light, median, strong, time_us)

    def _samples(
        self, frames: FrameBatch, colour: Floats, plain: Plain, against: Against, light: Rows
    ) -> SampleBatch:
        camera = frames.camera.astype(np.int64)
        large = against.shift > LEAST_SHIFT
        columns: dict[str, Floats] = {
            **{name: getattr(plain, name) for name in Plain.__slots__},
            **{name: getattr(against, name) for name in AGAINST},
            "colour": colour,
            "noise_level": against.noise,
            "shift": against.shift,
            "shift_x": np.where(large, against.shift_x, np.nan),
            "shift_y": np.where(large, against.shift_y, np.nan),
        }
        values = np.stack([columns[name] for name in EACH])
        read = ~np.isnan(values)
        times = np.broadcast_to(frames.time_us, values.shape)
        found = [SampleBatch.of(self._each[:, camera][read], times[read], values[read])]
        state = self.references.state[camera, light].astype(np.float64)
        found.append(self._changed("reference", camera, frames.time_us, state))
        for one in Light:
            standing = self.references.standing(camera, one).astype(np.float64)
            found.append(self._changed(f"reference_{one.name.lower()}", camera, frames.time_us, standing))
        shares = self._together.shares(camera)
        found.append(self._changed("alike", camera, frames.time_us, shares))
        found.append(self._of_buildings(camera, frames.time_us))
        return SampleBatch.joined(found)

    def _of_buildings(self, camera: Rows, time_us: Rows) -> SampleBatch:
        """The largest share of each building that was seen, told of its first camera."""
        groups = np.unique(self._together.group[camera])
        first = np.array([self._first_of[int(group)] for group in groups], np.int64)
        largest = np.array([self._together.largest(int(group)) for group in groups], np.float64)
        return self._changed("many_alike", first, np.full(len(first), time_us.max()), largest)

    def _changed(self, name: str, camera: Rows, time_us: Rows, value: Floats) -> SampleBatch:
        new = value != self._told[name][camera]
        self._told[name][camera] = value
        return SampleBatch.of(self._points[name][camera[new]], time_us[new], value[new])
