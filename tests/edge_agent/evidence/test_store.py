from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from devices.model.alerts import Severity
from edge_agent.__main__ import main
from edge_agent.errors import NoRoom
from edge_agent.evidence.command import verify
from edge_agent.evidence.manifest import NAME, digest, line_of, sealed
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.evidence.store import DAY_US, QUARANTINE, Store, append, problems

NOW_US = 1_763_800_000_000_000
ALERTS = [f"{n:024x}" for n in range(20)]


def opened(folder: Path, free: int = 10**12, **settings: Any) -> Store:
    store = Store(folder, EvidenceSettings(**settings), lambda _: free)
    store.open()
    return store


def keep(store: Store, number: int, severity: Severity = Severity.LOW, size: int = 100) -> None:
    files = {"clip.mp4": bytes([number]) * size, "1-clean.jpg": b"picture"}
    store.keep(ALERTS[number], files, {"severity": int(severity)}, NOW_US + number)


def test_what_was_kept_can_be_read_by_another_process_and_verifies(tmp_path: Path) -> None:
    store = opened(tmp_path / "evidence")
    keep(store, 1)
    keep(store, 2)
    keep(store, 2)
    again = opened(tmp_path / "evidence")
    assert list(again.entries) == ALERTS[1:3]
    assert again.read(ALERTS[2], "clip.mp4") == b"\x02" * 100
    assert again.read(ALERTS[2], "../manifest.jsonl") is None
    assert again.read(ALERTS[5], "clip.mp4") is None
    assert again.head() == store.head()
    assert list(problems(tmp_path / "evidence")) == []


@pytest.mark.promise("P-evidence-2")
@pytest.mark.parametrize(
    "change", ["file", "gone", "line", "removed line", "swapped", "stranger", "one more"]
)
def test_whatever_is_changed_afterwards_is_found(tmp_path: Path, change: str) -> None:
    store = opened(tmp_path)
    for number in range(4):
        keep(store, number)
    path = tmp_path / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    clip = tmp_path / ALERTS[1] / "clip.mp4"
    match change:
        case "file":
            clip.write_bytes(b"\x01" * 99 + b"\x02")
        case "gone":
            clip.unlink()
        case "line":
            path.write_bytes(b"".join(lines).replace(f'"time_us": {NOW_US + 1}'.encode(), b'"time_us": 1'))
        case "removed line":
            path.write_bytes(b"".join([lines[0], *lines[2:]]))
        case "swapped":
            path.write_bytes(b"".join([lines[0], lines[2], lines[1], lines[3]]))
        case "one more":
            clip.with_name("9-clean.jpg").write_bytes(b"forged")
        case _:
            (tmp_path / "other").mkdir()
    assert list(problems(tmp_path))


def test_a_cut_off_end_is_found_with_a_hash_that_was_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = opened(tmp_path)
    keep(store, 1)
    keep(store, 2)
    assert main(["evidence", "verify", str(tmp_path), "--head", store.head()]) == 0
    assert "2 alerts with evidence, 2 lines" in capsys.readouterr().out
    lines = (tmp_path / NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / NAME).write_bytes(lines[0])
    for file in (tmp_path / ALERTS[2]).iterdir():
        file.unlink()
    (tmp_path / ALERTS[2]).rmdir()
    assert main(["evidence", "verify", str(tmp_path)]) == 0
    assert main(["evidence", "verify", str(tmp_path), "--head", store.head()]) == 1
    assert "no line with the hash" in capsys.readouterr().out


@pytest.mark.promise("P-evidence-1")
def test_what_a_crash_left_half_done_is_cleared_away(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 1)
    keep(store, 2)
    path = tmp_path / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    (tmp_path / f".new-{ALERTS[3]}").mkdir()
    again = opened(tmp_path)
    assert list(again.entries) == [ALERTS[1]]
    assert sorted(found.name for found in tmp_path.iterdir()) == [ALERTS[1], NAME, QUARANTINE]
    keep(again, 4)
    assert list(problems(tmp_path)) == [f"{QUARANTINE}/{ALERTS[2]}: not in the manifest"]
    again.prune(2 * NOW_US)
    assert list(problems(tmp_path)) == [], "what was laid aside goes when its time is over"


@pytest.mark.promise("P-evidence-3")
def test_where_there_is_no_room_the_least_grave_goes_first_and_the_oldest_of_it(tmp_path: Path) -> None:
    store = opened(tmp_path, bytes=10_000_000)
    for number, severity in enumerate([Severity.HIGH, Severity.LOW, Severity.MEDIUM, Severity.LOW]):
        keep(store, number, severity, 2_400_000)
    keep(store, 4, Severity.MEDIUM, 2_400_000)
    assert list(store.entries) == [ALERTS[n] for n in (0, 2, 3, 4)]
    keep(store, 5, Severity.MEDIUM, 4_000_000)
    assert list(store.entries) == [ALERTS[n] for n in (0, 4, 5)]
    with pytest.raises(NoRoom):
        keep(store, 6, Severity.LOW, 2_400_000)
    assert list(store.entries) == [ALERTS[n] for n in (0, 4, 5)]
    assert list(problems(tmp_path)) == []


def test_the_reserve_of_the_disk_stays_free(tmp_path: Path) -> None:
    store = opened(tmp_path, free=1_000_050, reserve_bytes=1_000_000)
    with pytest.raises(NoRoom):
        keep(store, 1, Severity.CRITICAL)
    assert store.taken_bytes == 0


def test_each_severity_has_its_time(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number, severity in enumerate(Severity):
        keep(store, number, severity)
    assert [store.prune(NOW_US + days * DAY_US) for days in (29, 31, 100, 200, 400)] == [0, 1, 1, 1, 1]
    assert list(problems(tmp_path)) == []
    told = [json.loads(line) for line in (tmp_path / NAME).read_bytes().splitlines()]
    assert [one.get("why") for one in told] == [None] * 4 + ["age"] * 4


def test_a_line_that_a_full_disk_cut_short_is_written_over(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 1)
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"half')
    keep(store, 2)
    assert list(problems(tmp_path)) == []
    assert store.head() == digest((tmp_path / NAME).read_bytes().splitlines()[-1])


def test_a_full_disk_removes_nothing_where_that_would_not_help(tmp_path: Path) -> None:
    free = [10**12]
    store = Store(tmp_path, EvidenceSettings(reserve_bytes=1000), lambda _: free[0])
    store.open()
    for number in range(5):
        keep(store, number)
    free[0] = 10
    with pytest.raises(NoRoom):
        keep(store, 9, Severity.CRITICAL)
    assert list(store.entries) == ALERTS[:5]
    free[0] = 1000
    keep(store, 9, Severity.CRITICAL)
    assert list(store.entries) == [*ALERTS[1:5], ALERTS[9]]


@pytest.mark.parametrize(
    "line", [b"\xff", b"7", b"[]", b'{"kind": "kept"}', b'{"kind": "removed", "alert": []}']
)
def test_a_damaged_line_costs_no_evidence(tmp_path: Path, line: bytes) -> None:
    store = opened(tmp_path)
    for number in (1, 2):
        keep(store, number)
    path = tmp_path / NAME
    path.write_bytes(line + b"\n" + path.read_bytes().splitlines(keepends=True)[1])
    again = opened(tmp_path)
    assert list(again.entries) == [ALERTS[2]]
    assert again.counts["quarantined"] == 1
    assert (tmp_path / QUARANTINE / ALERTS[1] / "clip.mp4").read_bytes() == b"\x01" * 100
    assert list(problems(tmp_path))


def test_on_a_disk_that_takes_nothing_more_evidence_whose_time_is_over_makes_room_for_its_own_line(
    tmp_path: Path,
) -> None:
    free = [10**6]

    def write(path: Path, at: int, data: bytes) -> None:
        if free[0] == 0 and len(list(tmp_path.glob("*/clip.mp4"))) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(path, at, data)

    store = Store(tmp_path, EvidenceSettings(reserve_bytes=0), lambda _: free[0], write=write)
    store.open()
    for number in range(3):
        keep(store, number, Severity.CRITICAL if number else Severity.LOW)
    free[0] = 0
    assert store.prune(NOW_US + 31 * DAY_US) == 1
    assert list(store.entries) == ALERTS[1:3]
    assert list(problems(tmp_path)) == []


def test_a_manifest_that_somebody_copied_or_emptied_there_does_not_end_the_removal_of_what_is_old(
    tmp_path: Path,
) -> None:
    store = opened(tmp_path)
    keep(store, 1)
    (tmp_path / "manifest-copy.jsonl").write_bytes((tmp_path / NAME).read_bytes())
    (tmp_path / "manifest-000000000.jsonl").touch()
    for path in tmp_path.glob("manifest-*"):
        os.utime(path, (1, 1))
    assert store.prune(NOW_US + 400 * DAY_US) == 1
    assert list(opened(tmp_path).entries) == []
    assert list(problems(tmp_path)) == ["manifest-copy.jsonl: not in the manifest"]


def test_no_line_of_a_manifest_reaches_beyond_its_folder(tmp_path: Path) -> None:
    folder, other = tmp_path / "evidence", tmp_path / "other"
    keep(store := opened(folder), 1)
    other.mkdir()
    what = {"kind": "kept", "alert": "../other", "time_us": 0, "severity": 1, "files": {}}
    with (folder / NAME).open("ab") as file:
        file.write(line_of(2, store.head(), what) + b"\n")
    again = opened(folder)
    assert list(again.entries) == [ALERTS[1]]
    again.prune(NOW_US)
    assert other.exists()


def test_without_its_manifest_all_evidence_is_laid_aside(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 1)
    (tmp_path / NAME).unlink()
    again = opened(tmp_path)
    assert (dict(again.entries), again.head()) == ({}, "")
    assert (tmp_path / QUARANTINE / ALERTS[1] / "clip.mp4").exists()


def test_what_was_laid_aside_counts_and_goes_before_anything_that_a_manifest_tells_of(tmp_path: Path) -> None:
    store = opened(tmp_path, bytes=10_000_000)
    for number in (1, 2):
        keep(store, number, size=4_000_000)
        os.utime(tmp_path / ALERTS[number], (number, number))
    (tmp_path / NAME).unlink()
    again = opened(tmp_path, bytes=10_000_000)
    keep(again, 3, size=4_000_000)
    assert [path.name for path in (tmp_path / QUARANTINE).iterdir()] == [ALERTS[2]]
    with pytest.raises(NoRoom):
        keep(again, 4, size=11_000_000)
    assert [path.name for path in (tmp_path / QUARANTINE).iterdir()] == [ALERTS[2]]
    keep(again, 5, size=4_000_000)
    assert list((tmp_path / QUARANTINE).iterdir()) == []
    assert list(again.entries) == [ALERTS[3], ALERTS[5]]


def sealing(folder: Path) -> Store:
    store = Store(folder, EvidenceSettings(), lambda _: 10**12, most_bytes=1000)
    store.open()
    return store


def test_a_manifest_that_is_full_is_sealed_and_the_chain_goes_through_all_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(9):
        store = sealing(tmp_path)
        keep(store, number)
    heads = [store.head()]
    files = sealed(tmp_path)
    assert len(files) >= 2
    assert all(path.stat().st_size < 2000 for path in (*files, tmp_path / NAME))
    again = sealing(tmp_path)
    assert list(again.entries) == ALERTS[:9]
    assert again.head() == heads[0]
    assert (
        main(["evidence", "verify", str(tmp_path), "--head", digest(files[0].read_bytes().splitlines()[0])])
        == 0
    )
    assert "9 alerts with evidence, 9 lines" in capsys.readouterr().out
    files[1].write_bytes(files[1].read_bytes().replace(b'"severity": ', b'"severity":  '))
    assert any("does not follow" in problem for problem in problems(tmp_path))
    files[0].unlink()
    assert any("does not follow" in problem for problem in problems(tmp_path))


def test_a_sealed_manifest_goes_when_all_it_tells_of_is_gone_for_long_and_the_chain_still_holds(
    tmp_path: Path,
) -> None:
    store = sealing(tmp_path)
    for number in range(9):
        keep(store, number, Severity.CRITICAL if number > 5 else Severity.LOW)
    first, *others = sealed(tmp_path)
    old_s = (NOW_US - 400 * DAY_US) / 1e6
    for path in (first, *others):
        os.utime(path, (old_s, old_s))
    store.prune(NOW_US + 31 * DAY_US)
    assert not first.exists()
    assert " that were dropped, last hash" in verify(tmp_path, "")[1]
    assert set(store.entries) == {ALERTS[n] for n in (6, 7, 8)}
    assert list(problems(tmp_path)) == []
    again = sealing(tmp_path)
    assert set(again.entries) == {ALERTS[n] for n in (6, 7, 8)}
    keep(again, 10)
    assert list(problems(tmp_path)) == []
    assert again.head() == digest((tmp_path / NAME).read_bytes().splitlines()[-1])
