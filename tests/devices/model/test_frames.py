from __future__ import annotations

import numpy as np
import pytest

from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH, FrameBatch


def pictures(n: int, height: int = FRAME_HEIGHT, width: int = FRAME_WIDTH) -> np.ndarray:
    return np.zeros((n, height, width), np.uint8)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_batch_of_equal_columns_has_that_length(n: int) -> None:
    assert len(FrameBatch(np.zeros(n, np.int32), np.zeros(n, np.int64), pictures(n))) == n


@pytest.mark.parametrize(
    "grey",
    [
        pictures(1),
        pictures(2, height=10),
        pictures(2, width=10),
        pictures(2).astype(float),
        pictures(2)[:, :, 0],
    ],
)
def test_pictures_of_another_shape_are_refused(grey: np.ndarray) -> None:
    with pytest.raises(ValueError, match="grey must be uint8"):
        FrameBatch(np.zeros(2, np.int32), np.zeros(2, np.int64), grey)


def test_times_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        FrameBatch(np.zeros(2, np.int32), np.zeros(3, np.int64), pictures(2))
