"""References: learnt from healthy pictures only, followed slowly, confirmed by a person, kept over a restart."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.alerts import EventKind
from devices.model.codes import PictureReference, ReferenceStanding
from devices.model.errors import CampusError, Garbled, Refused
from devices.model.frames import FrameBatch
from devices.wire.orders import MAX_DATA, Order, OrderKind
from edge_agent.pictures import Files, Librarian, Looking, PictureSettings, kept
from edge_agent.pictures.alike import Together
from edge_agent.pictures.files import packed, unpack
from edge_agent.pictures.references import Light, References
from tests.edge_agent.detect.small_campus import small_campus
from tests.edge_agent.pictures.slow import alone
from tests.edge_agent.pictures.test_measures import moved, noisy, view
from tests.edge_agent.pictures.watch import alert

S = 1_000_000


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    return small_campus(tmp_path_factory.mktemp("site"))


class Eye:
    """The one camera of the small campus; every picture is 30 s after the one before."""

    def __init__(self, campus: Campus, **settings: float) -> None:
        self.table = campus.points_of("edge")
        self.looking = Looking(campus, "edge", self.table, PictureSettings(**settings))
        self.number = 0

    def sees(self, picture: np.ndarray, colour: float = 20.0) -> dict[str, float]:
        self.number += 1
        seen = self.looking.look(
            FrameBatch(
                np.zeros(1, np.int32),
                np.array([self.number * 30 * S]),
                picture[None],
                np.array([colour], np.float32),
            )
        )
        names = [self.table.names[point].rpartition(".")[2] for point in seen.point]
        return dict(zip(names, seen.value.tolist(), strict=True))

    def learns(self, seed: int = 1, colour: float = 20.0) -> None:
        for number in range(5):
            self.sees(noisy(view(seed, 0.0).astype(float), 1.5, number), colour)

    def state(self, light: Light = Light.DAY) -> PictureReference:
        return self.looking.state("cam", light)


@pytest.fixture
def eye(campus: Campus) -> Eye:
    return Eye(campus)


def test_five_healthy_pictures_make_a_reference_that_nobody_has_confirmed(eye: Eye) -> None:
    states = []
    for number in range(6):
        eye.sees(noisy(view(1, 0.0).astype(float), 1.5, number))
        states.append(eye.state())
    assert states == [PictureReference.NONE] * 4 + [PictureReference.UNCONFIRMED] * 2
    found = eye.looking.reference("cam", Light.DAY)
    assert found is not None
    assert np.abs(found.astype(int) - view(1, 0.0)[::2, ::2]).mean() < 6


def test_what_passes_by_while_a_reference_is_learnt_is_not_in_it(eye: Eye) -> None:
    for number in range(5):
        picture = noisy(view(1, 0.0).astype(float), 1.5, number)
        picture[80:140, 60 * number : 60 * number + 40] = 20
        eye.sees(picture)
    said = eye.sees(view(1))
    assert said["kept_edges"] > 97


@pytest.mark.parametrize("bad", ["dark", "burnt", "flat", "frozen"])
def test_no_reference_is_made_of_pictures_that_are_wrong(eye: Eye, bad: str) -> None:
    for number in range(12):
        picture = {
            "dark": noisy(np.full((180, 320), 6.0), 1.5, number),
            "burnt": np.full((180, 320), 255, np.uint8),
            "flat": np.full((180, 320), 90, np.uint8),
            "frozen": view(1),
        }[bad]
        eye.sees(picture)
    assert eye.state() is PictureReference.NONE


def test_a_view_without_edges_gets_no_reference_and_is_counted(eye: Eye) -> None:
    wall = np.linspace(60, 190, 320)[None, :].repeat(180, axis=0)
    for number in range(12):
        eye.sees(noisy(wall, 2.0, number))
    assert eye.state() is PictureReference.NONE
    assert eye.looking.health()["too_plain"] == 2


@pytest.mark.promise("P-picture-4")
def test_nothing_is_learnt_while_an_alert_is_out(eye: Eye) -> None:
    eye.looking.note([alert(EventKind.MOMENT, "cam", "m")])  # over as soon as it is told
    eye.looking.note([alert(EventKind.RAISE, "cam", "a")])
    eye.learns()
    assert eye.state() is PictureReference.NONE
    eye.looking.note([alert(EventKind.CLEAR, "cam", "a")])
    eye.learns()
    assert eye.state() is PictureReference.UNCONFIRMED


def test_day_and_night_have_each_their_own_and_the_first_night_raises_no_suspicion(eye: Eye) -> None:
    eye.learns(1, colour=20.0)
    night = noisy(view(1, 0.0) * 0.5, 2.0, 7)
    night[:, :150] = noisy(np.full((180, 150), 14.0), 2.0, 8)  # where the lamp does not reach
    said = eye.sees(night, colour=0.2)
    assert (said["reference"], "kept_edges" in said) == (PictureReference.NONE, False)
    assert eye.looking.suspects(np.zeros(1, np.int32)) == []
    for number in range(5):
        eye.sees(noisy(night.astype(float), 1.0, number), colour=0.2)
    assert eye.state(Light.NIGHT) is PictureReference.UNCONFIRMED
    assert eye.sees(noisy(night.astype(float), 1.0, 77), colour=0.2)["kept_edges"] > 95


def test_a_night_that_shows_another_view_than_the_day_is_not_learnt(eye: Eye) -> None:
    eye.learns(1, colour=20.0)
    eye.learns(23, colour=0.2)
    assert eye.state(Light.NIGHT) is PictureReference.NONE
    assert eye.looking.health()["refused"] > 0


def test_how_far_each_light_is_and_what_hinders_it_is_told_when_it_changes(eye: Eye) -> None:
    told: dict[str, list[ReferenceStanding]] = {"reference_day": [], "reference_night": []}

    def sees(picture: np.ndarray, colour: float = 20.0, times: int = 1) -> None:
        for number in range(times):
            said = eye.sees(noisy(picture.astype(float), 1.5, number), colour)
            for point in told.keys() & said.keys():
                told[point].append(ReferenceStanding(int(said[point])))

    sees(view(1, 0.0), times=6)
    sees(view(23, 0.0), colour=0.2)
    eye.looking.confirm("cam", Light.DAY, 1)
    sees(view(1, 0.0))
    eye.looking.forget("cam", *Light)
    sees(np.linspace(60, 190, 320)[None, :].repeat(180, axis=0), times=6)
    none, unconfirmed, confirmed, plain, other = ReferenceStanding
    assert told == {
        "reference_day": [none, unconfirmed, confirmed, none, plain],
        "reference_night": [none, other, none],
    }


def test_between_grey_and_coloured_the_light_is_what_it_was(eye: Eye) -> None:
    eye.learns(1, colour=20.0)
    assert eye.sees(view(1), colour=2.0)["kept_edges"] > 90


@pytest.mark.promise("P-picture-4")
def test_a_reference_follows_by_one_level_at_a_time_and_never_a_suspect_picture(campus: Campus) -> None:
    eye = Eye(campus, adapt_s=30.0, calm_s=60.0)
    eye.learns()
    before = eye.looking.reference("cam", Light.DAY).copy()  # type: ignore[union-attr]
    changed = view(1, 0.0).astype(float)
    changed[90:110, 100:130] += 40
    eye.sees(noisy(changed, 1.5, 1))
    once = eye.looking.reference("cam", Light.DAY).astype(int)  # type: ignore[union-attr]
    assert np.abs(once - before).max() == 1
    for number in range(4):
        eye.sees(np.full((180, 320), 99, np.uint8) if number % 2 else view(23))
    assert np.array_equal(eye.looking.reference("cam", Light.DAY), once)


def test_a_reference_does_not_follow_a_camera_that_sags(campus: Campus) -> None:
    eye = Eye(campus, adapt_s=30.0, calm_s=0.0)
    eye.learns()
    said = {}
    for number in range(60):
        said = eye.sees(noisy(moved(view(1, 0.0), 0.0, number * 0.1).astype(float), 1.5, number))
    assert said["shift_y"] == pytest.approx(5.9, abs=0.7)


def test_a_confirmed_reference_follows_nothing_and_can_be_learnt_anew(campus: Campus) -> None:
    eye = Eye(campus, adapt_s=30.0, calm_s=0.0)
    with pytest.raises(Refused):
        eye.looking.confirm("cam", Light.DAY, 0)
    eye.learns()
    eye.looking.confirm("cam", Light.DAY, 1)
    before = eye.looking.reference("cam", Light.DAY).copy()  # type: ignore[union-attr]
    assert eye.sees(noisy(view(1, 0.0) * 1.1, 1.5, 3))["reference"] == PictureReference.CONFIRMED
    assert np.array_equal(eye.looking.reference("cam", Light.DAY), before)
    eye.looking.forget("cam", Light.DAY)
    assert eye.looking.reference("cam", Light.DAY) is None
    eye.learns(23)
    assert eye.sees(view(23))["kept_edges"] > 90


async def asked(eye: Eye, do: str, light: str = "both", camera: str = "cam") -> list[dict[str, Any]]:
    order = Order("0" * 32, OrderKind.REFERENCE, camera, {"do": do, "light": light}, 1 << 60)
    answer = await Librarian(eye.looking, lambda: 7)(order)
    assert len(json.dumps(answer)) < MAX_DATA
    return list(answer["references"])


async def test_a_person_looks_at_a_reference_and_confirms_it(eye: Eye) -> None:
    with pytest.raises(Refused):
        await asked(eye, "confirm")
    eye.learns()
    day, night = await asked(eye, "look")
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(day["png"]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(shown, eye.looking.reference("cam", Light.DAY))
    assert (day["state"], day["since_us"]) == ("unconfirmed", 5 * 30 * S)
    assert night == {"light": "night", "state": "none", "since_us": None}
    assert await asked(eye, "confirm", "day") == [{"light": "day", "state": "confirmed", "since_us": 7}]
    for wrong in ({"do": "burn"}, {"do": "look", "light": "dusk"}, {"do": "look", "camera": "nobody"}):
        with pytest.raises(CampusError):
            await asked(eye, **wrong)


async def test_a_camera_that_was_turned_on_purpose_learns_its_new_view_once_both_are_forgotten(
    eye: Eye,
) -> None:
    eye.learns(1, 20.0)
    eye.learns(1, 0.0)
    eye.looking.note([alert(EventKind.RAISE, "cam", "turned")])
    await asked(eye, "forget", "day")
    eye.learns(23)
    assert eye.state() is PictureReference.NONE  # the night still shows the old view
    assert [one["state"] for one in await asked(eye, "forget")] == ["none", "none"]
    eye.learns(23)
    assert eye.state() is PictureReference.UNCONFIRMED


def test_an_unknown_camera_is_refused(eye: Eye) -> None:
    for act in (eye.looking.forget, eye.looking.reference, eye.looking.state):
        with pytest.raises(Refused):
            act("nobody", Light.DAY)


@pytest.mark.promise("P-picture-5")
async def test_references_are_there_after_a_restart(campus: Campus, tmp_path: Path) -> None:
    eye = Eye(campus)
    async with kept(tmp_path / "references", eye.looking):
        eye.learns()
        eye.looking.confirm("cam", Light.DAY, 5)
    assert [path.name for path in (tmp_path / "references").iterdir()] == ["cam.ref"]
    assert (tmp_path / "references" / "cam.ref").stat().st_size < 60_000
    again = Eye(campus)
    async with kept(tmp_path / "references", again.looking) as files:
        assert files.health() == {"unreadable": 0, "unwritten": 0}
        assert again.state() is PictureReference.CONFIRMED
        assert np.array_equal(
            again.looking.reference("cam", Light.DAY), eye.looking.reference("cam", Light.DAY)
        )
        assert again.sees(view(1))["sharpness"] > 85


@pytest.mark.promise("P-picture-5")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_whole(campus: Campus, data: st.DataObject) -> None:
    eye = Eye(campus)
    eye.learns()
    good = packed(eye.looking.references, 0)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(good) - 1))
        bad = good[:at] + bytes([good[at] ^ (1 << data.draw(st.integers(0, 7)))]) + good[at + 1 :]
    else:
        bad = good[: data.draw(st.integers(0, len(good) - 1))]
    fresh = References.none(1)
    with pytest.raises(Garbled):
        unpack(bad, fresh, 0)
    assert not fresh.state.any()


def test_a_file_that_cannot_be_read_is_learnt_anew_and_one_that_cannot_be_written_counted(
    campus: Campus, tmp_path: Path
) -> None:
    (tmp_path / "cam.ref").write_bytes(b"CWREF something else")
    eye = Eye(campus)
    files = Files(tmp_path, eye.looking)
    files.load()
    assert (files.unreadable, eye.state()) == (1, PictureReference.NONE)
    eye.learns()
    files.write()
    assert Files(tmp_path, Eye(campus).looking).unreadable == 0
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    lost = Files(blocked, eye.looking)
    eye.looking.confirm("cam", Light.DAY, 1)
    lost.write()
    assert (lost.unwritten, eye.looking.references.changed) == (1, {0})


def test_a_restart_in_the_middle_of_writing_leaves_the_old_file(campus: Campus, tmp_path: Path) -> None:
    eye = Eye(campus)
    eye.learns()
    Files(tmp_path, eye.looking).write()
    (tmp_path / "cam.part").write_bytes(b"half")
    again = Eye(campus)
    Files(tmp_path, again.looking).load()
    assert again.state() is PictureReference.UNCONFIRMED


def test_a_frozen_camera_stays_frozen_over_a_restart(eye: Eye, campus: Campus) -> None:
    said = [eye.sees(view(1))["same_pictures"] for _ in range(4)]
    saved = eye.looking.save()
    again = Eye(campus)
    again.looking.restore(saved["pictures"])
    assert [*said, again.sees(view(1))["same_pictures"]] == [0, 1, 2, 3, 4]
    assert again.sees(view(2))["same_pictures"] == 0


@pytest.mark.parametrize(
    "saved", [b"\xc1", msgpack.packb({"cam": [12345, 4]}), msgpack.packb({"cam": [b"short", 4]})]
)
def test_what_cannot_be_read_of_frozen_cameras_counts_from_nothing(campus: Campus, saved: bytes) -> None:
    broken = Eye(campus)
    broken.looking.restore(saved)
    assert broken.looking.counts["unreadable"] == 1
    assert broken.sees(view(1))["same_pictures"] == 0


def test_a_frozen_camera_with_a_clock_in_its_view_stays_frozen_over_a_restart(campus: Campus) -> None:
    def ticking(second: int) -> np.ndarray:
        picture = view(1).copy()
        cv2.putText(picture, f"10:15:{second:02}", (120, 100), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255)
        return picture

    eye, again = Eye(campus), Eye(campus)
    said = [eye.sees(ticking(n))["same_pictures"] for n in range(4)]
    again.looking.restore(eye.looking.save()["pictures"])
    assert [*said, again.sees(ticking(4))["same_pictures"]] == [0, 1, 2, 3, 4]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(0, 2000), st.integers(0, 700)),
        min_size=1,
        max_size=14,
    )
)
def test_cameras_that_changed_alike_are_those_of_the_slow_twin(
    cameras: list[tuple[int, int, int, int]],
) -> None:
    group, change = [c[0] for c in cameras], [c[1] for c in cameras]
    since_s = [float(c[2]) for c in cameras]
    seen_s = [c[2] + float(c[3]) for c in cameras]
    together = Together(group, 900.0)
    rows = np.arange(len(cameras))
    together.note(rows, np.array(change), np.array(since_s, np.float64).astype(np.int64) * S)
    together.note(rows, np.array(change), np.array(seen_s, np.float64).astype(np.int64) * S)
    # a camera that never changed began so at 0
    since = [s if c else 0.0 for s, c in zip(since_s, change, strict=True)]
    assert together.shares(rows).tolist() == alone(group, change, since, seen_s)
