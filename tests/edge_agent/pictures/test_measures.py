"""Each measure of a picture against its slow twin, and what it says of plain cases."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.pictures import edges, grid, plain, shift
from edge_agent.pictures.sides import like_side
from tests.edge_agent.pictures import slow

WIDTH, HEIGHT = 320, 180


def view(seed: int, noise: float = 1.5) -> np.ndarray:
    """A picture with edges everywhere: boxes of any grey."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH), 120, np.float64)
    for _ in range(60):
        x, y = int(rng.integers(-20, WIDTH)), int(rng.integers(-20, HEIGHT))
        w, h = int(rng.integers(10, 60)), int(rng.integers(8, 40))
        picture[max(0, y) : y + h, max(0, x) : x + w] = rng.integers(20, 230)
    return noisy(picture, noise, seed + 1)


def noisy(picture: np.ndarray, noise: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def kept_of(reference: np.ndarray, now: np.ndarray) -> edges.Kept:
    first, second = (grid.halved(picture[None]) for picture in (reference, now))
    return edges.kept(edges.outline(first), edges.slopes(second))


def sharpness_of(reference: np.ndarray, now: np.ndarray) -> float:
    out = edges.outline(grid.halved(reference[None]))
    before, after = (edges.focus(out.strong, picture[None]) for picture in (reference, now))
    return float(edges.sharpness(before, after, kept_of(reference, now).tiles)[0])


def shift_of(reference: np.ndarray, now: np.ndarray) -> tuple[float, float]:
    first, second = (grid.halved(picture[None]) for picture in (reference, now))
    found = shift.shifts(first, edges.outline(first), second, edges.slopes(second))
    return float(found.x[0]), float(found.y[0])


def moved(picture: np.ndarray, right: float, down: float) -> np.ndarray:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)


stories = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["noise", "flat", "burnt", "box", "again"])),
    min_size=1,
    max_size=6,
)


def told(story: list[tuple[int, str]]) -> list[np.ndarray]:
    pictures: list[np.ndarray] = []
    for seed, kind in story:
        rng = np.random.default_rng(seed)
        if kind == "again" and pictures:
            picture = pictures[-1].copy()
            picture[: 20 + 40 * (seed % 2), :100] = seed  # a clock that goes on, sometimes a large one
        elif kind == "flat":
            picture = np.full((HEIGHT, WIDTH), 40 * seed, np.uint8)
        elif kind == "burnt":
            picture = rng.integers(240, 256, (HEIGHT, WIDTH)).astype(np.uint8)
        elif kind == "box":
            picture = np.zeros((HEIGHT, WIDTH), np.uint8)
            picture[60:120, 40 * seed : 40 * seed + 90] = rng.integers(0, 255, (60, 90))
        else:
            picture = rng.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
        pictures.append(picture)
    return pictures


@settings(max_examples=40, deadline=None)
@given(stories, st.integers(0, 3))
def test_plain_measures_are_those_of_the_slow_twin(story: list[tuple[int, str]], apart: int) -> None:
    pictures, seen = told(story), plain.Seen.nothing(3)
    camera = np.array([1], np.int32)
    wanted_all = slow.plain_measures(pictures, apart)
    for number, (picture, wanted) in enumerate(zip(pictures, wanted_all, strict=True)):
        found = plain.look(seen, camera, picture[None], np.array([number]), apart)
        said = {name: float(getattr(found, name)[0]) for name in wanted}
        assert said == pytest.approx(wanted, abs=1e-3, nan_ok=True)


def test_a_batch_says_of_each_camera_what_it_says_alone() -> None:
    pictures = np.stack(
        [view(1), np.zeros((HEIGHT, WIDTH), np.uint8), view(2), np.full((HEIGHT, WIDTH), 255)]
    )
    camera = np.array([2, 0, 3, 1], np.int32)
    seen, times = plain.Seen.nothing(4), np.zeros(4, np.int64)
    plain.look(seen, camera, pictures.astype(np.uint8), times, 0)
    together = plain.look(seen, camera, pictures.astype(np.uint8), times, 0)
    for number, row in enumerate(camera):
        own = np.array([row], np.int32)
        state = plain.Seen.nothing(4)
        one = pictures[number : number + 1].astype(np.uint8)
        plain.look(state, own, one, times[:1], 0)
        alone = plain.look(state, own, one, times[:1], 0)
        for name in plain.Plain.__slots__:
            assert getattr(together, name)[number] == getattr(alone, name)[0]
    assert together.same_pictures.tolist() == [
        1,
        0,
        1,
        0,
    ]  # a flat picture does not freeze: it has nothing in it


def test_a_still_that_is_renewed_less_often_than_a_suspect_is_looked_at_is_not_frozen_but_one_that_stays_is() -> (
    None
):
    def told_at(times: tuple[int, ...], renewed_s: int) -> list[float]:
        seen, camera, apart = plain.Seen.nothing(1), np.zeros(1, np.int32), 15
        shown = [view(at // renewed_s)[None] for at in times]
        found = [
            plain.look(seen, camera, picture, np.array([at]), apart)
            for at, picture in zip(times, shown, strict=True)
        ]
        return [float(one.same_pictures[0]) for one in found]

    hurried = (0, 30, 60, 62, 64, 66, 68, 70, 72, 74, 90)
    assert max(told_at(hurried, 10)) == 0
    assert told_at(hurried, 1000) == [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3]


def test_no_picture_gives_no_row() -> None:
    empty = np.zeros((0, HEIGHT, WIDTH), np.uint8)
    found = plain.look(plain.Seen.nothing(2), np.zeros(0, np.int32), empty, np.zeros(0, np.int64), 0)
    assert len(found.mean_level) == 0
    assert (
        len(edges.kept(edges.outline(grid.halved(empty)), edges.slopes(grid.halved(empty))).kept_edges) == 0
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_half_size_and_slopes_are_those_of_the_slow_twin(seed: int) -> None:
    picture = view(seed)
    half = grid.halved(picture[None])
    assert np.array_equal(half[0], slow.halved(picture))
    found, (across, down) = edges.slopes(half), slow.slopes(half[0])
    assert np.allclose(found.across[0], across)
    assert np.allclose(found.down[0], down)


@pytest.mark.parametrize("case", ["same", "dim", "covered", "half covered", "other", "flat reference"])
def test_kept_edges_are_those_of_the_slow_twin(case: str) -> None:
    reference, now = view(1), noisy(view(1, 0.0).astype(float), 1.5, 99)
    if case == "dim":
        now = (now * 0.4).astype(np.uint8)
    elif case == "covered":
        now = noisy(np.full((HEIGHT, WIDTH), 130.0), 2, 5)
    elif case == "half covered":
        now[:, :160] = 90
    elif case == "other":
        now = view(7)
    elif case == "flat reference":
        reference = np.full((HEIGHT, WIDTH), 50, np.uint8)
    found = kept_of(reference, now)
    first, second = (grid.halved(picture[None]) for picture in (reference, now))
    side = like_side(first, second, edges.slopes(second), found.tiles)
    wanted = slow.kept(first[0], second[0])
    said = (found.kept_edges[0], found.texture[0], found.covered_share[0], found.clear_third[0], side[0])
    assert tuple(map(float, said)) == pytest.approx(wanted, abs=0.2, nan_ok=True)


def test_darkness_takes_no_edges_a_cover_takes_all_another_view_most() -> None:
    reference = view(1)
    dim = kept_of(reference, noisy(view(1, 0.0) * 0.4, 1.5, 3))
    cover = kept_of(reference, noisy(np.full((HEIGHT, WIDTH), 180.0), 2, 5))
    other = kept_of(reference, view(23))
    half = noisy(view(1, 0.0).astype(float), 1.5, 4)
    half[:, :160] = 128
    assert dim.kept_edges[0] > 95
    assert (cover.kept_edges[0], cover.texture[0]) < (10, 20)
    assert other.kept_edges[0] < 50
    assert other.texture[0] > 60
    assert 40 < kept_of(reference, half).covered_share[0] < 60


@pytest.mark.parametrize("light", [1.0, 0.5, 0.3])
@pytest.mark.parametrize(("blur", "low", "high"), [(0.0, 85, 120), (1.0, 1, 75), (2.0, 0, 45)])
def test_sharpness_falls_with_blur_and_not_with_light(
    light: float, blur: float, low: float, high: float
) -> None:
    reference, now = view(3), view(3, 0.0).astype(float) * light
    if blur:
        now = cv2.GaussianBlur(now, (0, 0), blur)
    assert low < sharpness_of(reference, noisy(now, 1.5, 9)) < high


def test_sharpness_says_nothing_where_the_view_is_gone() -> None:
    assert np.isnan(sharpness_of(view(3), np.full((HEIGHT, WIDTH), 99, np.uint8)))


@settings(max_examples=30, deadline=None)
@given(st.floats(-60, 60), st.floats(-24, 24), st.integers(0, 5))
def test_a_shift_is_found_to_a_part_of_a_pixel(right: float, down: float, seed: int) -> None:
    x, y = shift_of(view(seed), moved(view(seed, 0.0), right, down))
    assert (x, y) == (pytest.approx(right, abs=0.7), pytest.approx(down, abs=0.7))


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_no_shift_explains_another_view_or_a_cover(seed: int) -> None:
    for now in (view(seed), noisy(np.full((HEIGHT, WIDTH), 128.0), 3, seed)):
        x, y = shift_of(view(1), now)
        assert np.isnan(x) or np.hypot(x, y) < 2


def test_something_large_in_the_foreground_is_no_shift() -> None:
    now = noisy(view(1, 0.0).astype(float), 1.5, 8)
    now[70:170, 60:260] = view(5)[70:170, 60:260]
    x, y = shift_of(view(1), now)
    assert np.isnan(x) or np.hypot(x, y) < 0.5
