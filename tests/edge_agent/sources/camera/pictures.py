"""JPEGs for tests."""

from __future__ import annotations

import cv2
import numpy as np


def jpeg(
    width: int = 640, height: int = 360, level: int = 120, *, seed: int = 1, progressive: bool = False
) -> bytes:
    """A noisy picture with a bright left half."""
    grain = np.random.default_rng(seed).integers(-20, 20, (height, width))
    picture = np.clip(level + grain, 0, 255).astype(np.uint8)
    picture[:, : width // 2] = np.clip(picture[:, : width // 2].astype(int) + 60, 0, 255)
    return encoded(picture, progressive=progressive)


def encoded(picture: np.ndarray, *, progressive: bool = False) -> bytes:
    flags = [cv2.IMWRITE_JPEG_QUALITY, 85, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    done, data = cv2.imencode(".jpg", picture, flags)
    assert done
    return bytes(data)


def declaring(width: int, height: int, data: bytes | None = None) -> bytes:
    """A JPEG whose frame header says another size than it has."""
    data = jpeg(64, 64) if data is None else data
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[at + 9 :]
