"""Copies on the hub's disk: whole or not shown, begun again where they broke off, and bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devices.campus.keep_days import KeepDays
from devices.model.errors import Unreachable
from devices.wire.evidence import File
from hub.evidence.copies import Copies
from hub.evidence.retention import CopySettings

ALERTS = [f"{number:024x}" for number in range(9)]
PLENTY = 10**12


def told(data: bytes, name: str = "clip.mp4") -> File:
    return File(name, len(data), hashlib.sha256(data).hexdigest())


def copied(copies: Copies, alert: str, data: bytes, name: str = "clip.mp4") -> Path | None:
    """Let a whole file come."""
    file = told(data, name)
    copies.add(alert, file, copies.begin(alert, file), data)
    return copies.finish(alert, file)


def copies_of(folder: Path, room: int = PLENTY, free: Callable[[Path], int] = lambda _: PLENTY) -> Copies:
    return Copies(
        folder, CopySettings.model_construct(bytes=room, reserve_bytes=500, keep_days=KeepDays()), free
    )


def test_a_file_goes_on_where_it_broke_off_and_one_by_the_same_name_does_not(tmp_path: Path) -> None:
    copies, data = copies_of(tmp_path), bytes(range(200))
    assert copies.begin(ALERTS[0], told(data)) == 0
    copies.add(ALERTS[0], told(data), 0, data[:120])
    assert copies.find(ALERTS[0], "clip.mp4") is None
    assert copies.begin(ALERTS[0], told(data[::-1])) == 0
    assert copies.begin(ALERTS[0], told(data)) == 120
    copies.add(ALERTS[0], told(data), 120, data[120:])
    path = copies.finish(ALERTS[0], told(data))
    assert path is not None
    assert path == copies.find(ALERTS[0], "clip.mp4")
    assert path.read_bytes() == data


@pytest.mark.parametrize("came", [b"other", b"right and more", b""])
def test_what_is_not_what_its_gateway_kept_is_not_shown_and_not_gone_on_with(
    tmp_path: Path, came: bytes
) -> None:
    copies, file = copies_of(tmp_path), told(b"right")
    copies.begin(ALERTS[0], file)
    copies.add(ALERTS[0], file, 0, came)
    assert copies.finish(ALERTS[0], file) is None
    assert copies.find(ALERTS[0], "clip.mp4") is None
    assert copies.begin(ALERTS[0], file) == 0


def test_where_the_disk_becomes_full_copies_go_before_alerts(tmp_path: Path) -> None:
    taken = 0

    def free(folder: Path) -> int:
        return 10_000 - taken - sum(path.stat().st_size for path in folder.glob("*/*"))

    copies = copies_of(tmp_path, free=free)
    for number in range(3):
        copied(copies, ALERTS[number], bytes(1000))
    taken = 6200
    assert copied(copies, ALERTS[3], bytes(1000)) is not None
    assert [copies.find(alert, "clip.mp4") is not None for alert in ALERTS[:4]] == [False, True, True, True]
    taken = 9400
    with pytest.raises(Unreachable, match="no room"):
        copied(copies, ALERTS[4], bytes(4000))
    assert copies.find(ALERTS[3], "clip.mp4") is not None, "nothing goes where that would not help"


def test_what_never_came_whole_counts_and_goes_too(tmp_path: Path) -> None:
    copies = copies_of(tmp_path, room=2500)
    for number in range(5):
        file = told(bytes([number]) * 1000)
        copies.begin(ALERTS[number], file)
        copies.add(ALERTS[number], file, 0, bytes(900))
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) <= 2500


def test_several_may_note_at_once_until_when_a_gateway_keeps(tmp_path: Path) -> None:
    copies = copies_of(tmp_path)
    copied(copies, ALERTS[0], b"clip")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: copies.note(ALERTS[0], n), range(1, 400)))
    assert len(list((tmp_path / ALERTS[0]).iterdir())) == 2
