"""The measures of pictures once more, pixel by pixel and tile by tile, as they are explained."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.pictures import edges, grid, plain


def tiles_of(picture: np.ndarray) -> list[np.ndarray]:
    part = picture[20:160]
    return [part[y : y + 20, x : x + 16] for y in range(0, 140, 20) for x in range(0, 320, 16)]


def plain_measures(pictures: list[np.ndarray], apart: int) -> list[dict[str, float]]:
    """Of the pictures of one camera, in order, one a second; equal ones count if so far apart."""
    found, before, same, counted = [], None, 0, 0
    for number, picture in enumerate(pictures):
        part, tiles = picture[20:160].astype(float), tiles_of(picture)
        live = [bool(tile.std() >= plain.FLAT_STD) for tile in tiles]
        equal = [False] * len(tiles)
        if before is not None:
            equal = [np.array_equal(a, b) for a, b in zip(tiles, tiles_of(before), strict=True)]
        repeated = sum(e and alive for e, alive in zip(equal, live, strict=True))
        again = before is not None and repeated >= 0.9 * sum(live) and sum(live) >= 0.15 * len(tiles)
        if not again:
            same, counted = 0, number
        elif number - counted >= apart:
            same, counted = same + 1, number
        found.append(
            {
                "mean_level": part.mean(),
                "std_level": part.std(),
                "bright_share": 100 * float((part >= 250).mean()),
                "flat_share": 100 * (1 - sum(live) / len(tiles)),
                "same_share": math.nan if before is None else 100 * sum(equal) / len(tiles),
                "same_pictures": same,
            }
        )
        before = picture
    return found


def halved(picture: np.ndarray) -> np.ndarray:
    return np.array(
        [
            [(int(picture[y : y + 2, x : x + 2].astype(int).sum()) + 2) // 4 for x in range(0, 320, 2)]
            for y in range(0, 180, 2)
        ],
        np.uint8,
    )


def slopes(half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = half.astype(float)
    across, down = np.zeros((70, 160)), np.zeros((70, 160))
    for y in range(70):
        for x in range(160):
            down[y, x] = abs(values[y + 11, x] - values[y + 9, x])
            if 0 < x < 159:
                across[y, x] = abs(values[y + 10, x + 1] - values[y + 10, x - 1])
    return across, down


def _neighbours(values: np.ndarray, y: int, x: int) -> float:
    return float(values[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max())


def _texture(strength: np.ndarray) -> float:
    ranked, some = np.sort(strength.ravel()), np.sort(strength[::2, ::2].ravel())
    strong, noise = ranked[int(len(ranked) * 0.95)], edges.NOISE_STRONG * some[int(len(some) * 0.5)]
    return math.sqrt(max(strong * strong - noise * noise, 0.0))


def kept(reference: np.ndarray, now: np.ndarray) -> tuple[float, float, float, float, float]:
    """Kept edges, texture, covered share, clear third and like side in % of two pictures of half the size."""
    (was_across, was_down), (across, down) = slopes(reference), slopes(now)
    was, is_ = np.hypot(was_across, was_down), np.hypot(across, down)
    limit = max(float(np.sort(was.ravel())[int(was.size * 0.88)]), edges.LEAST_EDGE)
    ratio = _texture(is_) / max(_texture(was), 1.0)
    gain = min(max(ratio, edges.LEAST_GAIN), 1.0)
    some = np.sort(is_[::2, ::2].ravel())
    floor = min(max(3.0 * float(some[len(some) // 2]), edges.FLOORS[0]), edges.FLOORS[1])
    strong_of: dict[tuple[int, int], list[bool]] = {}
    for y, x in zip(*np.nonzero(was >= limit), strict=True):
        along = was_across[y, x] * _neighbours(across, y, x) + was_down[y, x] * _neighbours(down, y, x)
        there = along / was[y, x] >= max(floor, edges.PRESENT * gain * was[y, x])
        strong_of.setdefault((y // 10, x // 8), []).append(bool(there))
    every = [there for found in strong_of.values() for there in found]
    says = [found for found in strong_of.values() if len(found) >= edges.LEAST_PIXELS]
    covered = sum(sum(found) / len(found) < edges.CLEAR for found in says)
    share = 100 * sum(every) / len(every) if every else math.nan
    thirds = []
    for first, last in ((0, 7), (7, 13), (13, 20)):
        third = [
            there for (_, column), found in strong_of.items() if first <= column < last for there in found
        ]
        if third and len(third) >= 0.1 * len(every):
            thirds.append(100 * sum(third) / len(third))
    return (
        share,
        100 * ratio,
        100 * covered / len(says) if says else math.nan,
        max(thirds, default=math.nan),
        _like_side(reference, now, is_, max(floor, edges.LEAST_EDGE), strong_of),
    )


def _like_side(
    reference: np.ndarray,
    now: np.ndarray,
    strength: np.ndarray,
    limit: float,
    strong_of: dict[tuple[int, int], list[bool]],
) -> float:
    same = np.zeros((7, 20), bool)
    light = now[10:80].mean() / max(reference[10:80].mean(), 1.0)
    for row in range(7):
        for column in range(20):
            found = strong_of.get((row, column), [])
            part = slice(10 + row * 10, 20 + row * 10), slice(column * 8, column * 8 + 8)
            inner = strength[row * 10 : row * 10 + 10, column * 8 : column * 8 + 8]
            was, is_ = reference[part].mean(), now[part].mean()
            if len(found) >= edges.LEAST_PIXELS:
                same[row, column] = sum(found) / len(found) >= edges.CLEAR
            else:
                same[row, column] = abs(is_ - light * was) <= 8 + 0.06 * was and (inner > limit).sum() <= 7
    columns = ((0, 7), (7, 13), (13, 20), (0, 3), (17, 20))
    return 100 * max(float(same[:, first:last].mean()) for first, last in columns)


def alone(group: list[int], change: list[int], since_s: list[float], seen_s: list[float]) -> list[float]:
    """Share of the building that changed alike, for each camera."""
    found = []
    for me in range(len(group)):
        fresh = [k for k in range(len(group)) if group[k] == group[me] and seen_s[k] > seen_s[me] - 300]
        same = [k for k in fresh if change[k] == change[me] and abs(since_s[k] - since_s[me]) <= 900]
        enough = change[me] != 0 and len(same) >= 4
        found.append(float(np.rint(100 * len(same) / len(fresh))) if enough else 0.0)
    return found


assert grid.TILES == 140
