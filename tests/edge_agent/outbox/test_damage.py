"""Bytes that were flipped or cut off: the outbox opens, gives nothing false, and says what it lost."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.wire.messages import Lane, encode
from devices.wire.records import Stamp, stamped
from edge_agent.outbox import OutboxSettings
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.opening import Opening
from tests.edge_agent.outbox.numbered import number_of, numbered

ALL = 1 << 40
RECORDS = 9
STATES = {"detect": b"state of the rules", "links": bytes(range(256))}


@dataclass(frozen=True)
class Files:
    """An outbox as a crash leaves it: the file, and a log with what is not in the file yet."""

    main: bytes
    log: bytes
    in_main: int


@dataclass
class Found:
    """What came out of a damaged outbox."""

    numbers: list[int]
    states: dict[str, bytes]
    corrupt: int
    set_aside: int
    salvaged: int


def opening(folder: Path) -> Opening:
    return Opening(
        folder / "o.db", "a1", OutboxSettings(), lambda: 1_000_000, lambda: 0.0, random.Random(1).getrandbits
    )


def store(file: OutboxFile, numbers: range, states: dict[str, bytes]) -> None:
    rows = []
    for seq in numbers:
        lane = Lane.ALERTS if seq % 2 else Lane.LIVE
        place = Stamp("a1", file.epoch, lane, seq)
        rows.append(Row(lane, seq, 7, encode(stamped(numbered(seq, lane, size=40 * seq), place, 7))))
    file.commit(rows, states, ())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("whole")
    file = opening(folder).open()
    store(file, range(1, 6), STATES)
    file.close()
    main = (folder / "o.db").read_bytes()
    file = opening(folder).open()
    store(file, range(6, RECORDS + 1), {})
    log = (folder / "o.db-wal").read_bytes()
    file.close()
    assert len(log) > 4096
    return Files(main, log, 5)


def look_into(folder: Path, main: bytes, log: bytes) -> Found:
    for old in folder.iterdir():
        old.unlink()
    (folder / "o.db").write_bytes(main)
    if log:
        (folder / "o.db-wal").write_bytes(log)
    book = opening(folder)
    file = book.open()
    numbers = [number_of(record.data) for lane in Lane for record in file.take(lane, 0, ALL)]
    corrupt = sum(file.ledger.dropped.values())
    states = file.states()
    store(file, range(100, 101), {})  # and it goes on
    file.close()
    return Found(sorted(numbers), states, corrupt, book.set_aside, book.salvaged)


def is_honest(found: Found, whole: int) -> bool:
    """Nothing invented or twice, and nothing missing without a word."""
    assert set(found.numbers) <= set(range(1, whole + 1))
    assert len(found.numbers) == len(set(found.numbers))
    assert found.states.items() <= STATES.items()
    return len(found.numbers) + found.corrupt == whole or found.set_aside > 0


def test_an_undamaged_outbox_gives_everything(files: Files, tmp_path: Path) -> None:
    found = look_into(tmp_path, files.main, files.log)
    assert found == Found(list(range(1, RECORDS + 1)), STATES, 0, 0, 0)


@pytest.mark.promise("P-outbox-3")
def test_a_log_cut_at_any_byte_gives_what_was_committed_before_the_cut(files: Files, tmp_path: Path) -> None:
    """The last commit is all or nothing; a cut is a crash in the middle of writing, and no damage."""
    last_frames = range(len(files.log) - 2 * (4096 + 24), len(files.log))
    for cut in [*range(64), *random.Random(1).sample(last_frames, 60), len(files.log) - 1]:
        found = look_into(tmp_path, files.main, files.log[:cut])
        assert found == Found(list(range(1, files.in_main + 1)), STATES, 0, 0, 0), cut


@pytest.mark.promise("P-outbox-3")
def test_a_log_with_any_byte_flipped_gives_what_was_committed_before_it(files: Files, tmp_path: Path) -> None:
    source = random.Random(2)
    for position in [*range(64), *source.sample(range(len(files.log)), 60)]:
        log = bytearray(files.log)
        log[position] ^= 1 << source.randrange(8)
        found = look_into(tmp_path, files.main, bytes(log))
        assert found.numbers in (list(range(1, files.in_main + 1)), list(range(1, RECORDS + 1))), position
        assert (found.states, found.set_aside, found.corrupt) == (STATES, 0, 0)


@pytest.mark.promise("P-outbox-4")
@pytest.mark.parametrize("page", range(6))
def test_any_byte_of_the_file_flipped_is_found_or_harmless(files: Files, tmp_path: Path, page: int) -> None:
    """Every byte of each page's head, where SQLite keeps its own, and many of the rest."""
    assert len(files.main) == 6 * 4096, "another number of pages needs another list of parameters"
    source = random.Random(page)
    start = page * 4096
    silent = []
    for position in [*range(start, start + 120), *source.sample(range(start + 120, start + 4096), 40)]:
        main = bytearray(files.main)
        main[position] ^= 1 << source.randrange(8)
        found = look_into(tmp_path, bytes(main), b"")
        if not is_honest(found, files.in_main):
            silent.append((position, found))
    assert silent == []


@pytest.mark.promise("P-outbox-4")
def test_a_file_cut_at_any_length_is_found_and_the_rest_of_it_saved(files: Files, tmp_path: Path) -> None:
    lengths = [0, 1, 15, 16, 99, 100, 4095, *range(4096, len(files.main), 512), len(files.main) - 1]
    saved = []
    for length in lengths:
        found = look_into(tmp_path, files.main[:length], b"")
        if length:
            assert is_honest(found, files.in_main), length
        saved.append(len(found.numbers))
    assert max(saved) > 0


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_stretch_of_rubbish_anywhere_is_found_or_harmless(
    files: Files, tmp_path: Path, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(files.main) - 1))
    rubbish = data.draw(st.binary(min_size=1, max_size=2000))
    main = bytearray(files.main)
    main[start : start + len(rubbish)] = rubbish[: len(main) - start]
    assert is_honest(look_into(tmp_path, bytes(main), b""), files.in_main)


def test_of_a_file_with_one_ruined_page_most_records_are_carried_over(tmp_path: Path) -> None:
    book = opening(tmp_path)
    file = book.open()
    for start in range(1, 401, 20):
        store(file, range(start, start + 20), STATES)
    file.close()
    path = tmp_path / "o.db"
    main = bytearray(path.read_bytes())
    ruined = len(main) // 4096 // 2 * 4096
    main[ruined : ruined + 4096] = bytes(4096)
    path.write_bytes(main)
    file = book.open()
    found = sorted(number_of(record.data) for lane in Lane for record in file.take(lane, 0, ALL))
    file.close()
    assert book.set_aside == 1
    assert book.salvaged == len(found) == len(set(found))
    assert 200 < len(found) < 400
    assert len(list(tmp_path.glob("o.db.corrupt-*"))) >= 1


def test_a_file_that_is_no_database_at_all_is_set_aside_and_only_three_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        book = opening(tmp_path)
        book.now_us = partial(int, number * 1_000_000)
        (tmp_path / "o.db").write_bytes(b"not a database, but long enough to look into" * 100)
        file = book.open()
        assert book.set_aside == 1
        file.close()
    kept = sorted(each.name for each in tmp_path.glob("o.db.corrupt-*"))
    assert [name.split("-")[-1][:17] for name in kept] == [f"19700101T00000{n}.0" for n in (2, 3, 4)]


def test_a_file_set_aside_before_a_crash_is_carried_over_at_the_next_start(tmp_path: Path) -> None:
    book = opening(tmp_path)
    file = book.open()
    store(file, range(1, 6), STATES)
    file.close()
    (tmp_path / "o.db").replace(tmp_path / "o.db.damaged-20260101T000000.000000Z")
    file = book.open()
    found = sorted(number_of(record.data) for lane in Lane for record in file.take(lane, 0, ALL))
    assert (found, file.states(), book.salvaged) == ([1, 2, 3, 4, 5], STATES, 5)
    file.close()
    book.open().close()
    assert book.salvaged == 5, "and not once more"
