"""A message that was damaged, cut, or made to hurt is Garbled: quickly, and never read as another value."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import msgpack
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.wire.messages import HEAD, MAX_BODY_BYTES, MAX_MESSAGE_BYTES, Kind, Message, decode, encode
from devices.wire.records import ack_from, alerts_from, samples_from, stamp_of
from tests.devices.wire.examples import MESSAGES, built, equal, golden

FILES = [*MESSAGES, *(f"{name}-zstd" for name in MESSAGES)]
RESERVED = range(16, 24)


@pytest.mark.promise("P-wire-1")
@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_noticed(name: str) -> None:
    data = golden(name)
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            if at in RESERVED:
                assert equal(decode(bytes(damaged)), decode(data))
                continue
            with pytest.raises(Garbled):
                decode(bytes(damaged))


@pytest.mark.promise("P-wire-1")
@pytest.mark.parametrize("name", FILES)
def test_every_truncation_is_noticed(name: str) -> None:
    data = golden(name)
    for length in range(len(data)):
        with pytest.raises(Garbled):
            decode(data[:length])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tail", [b"\0", b"\0" * 8, b"CW"])
def test_bytes_behind_the_end_are_noticed(name: str, tail: bytes) -> None:
    with pytest.raises(Garbled):
        decode(golden(name) + tail)


@pytest.mark.parametrize("name", FILES)
def test_bytes_behind_the_end_are_noticed_even_with_a_right_sum(name: str) -> None:
    data = golden(name)
    with pytest.raises(Garbled):
        decode(summed(data + bytes(8)))


@given(st.binary(max_size=200))
def test_noise_is_garbled(noise: bytes) -> None:
    with pytest.raises(Garbled):
        decode(noise)
    with pytest.raises(Garbled):
        decode(b"CW\x01\x00" + noise)


def summed(data: bytes) -> bytes:
    """The same bytes with the sum that a malicious sender would compute."""
    return data[:12] + struct.pack("<I", zlib.crc32(data[24:])) + data[16:]


def read_as_anything(data: bytes) -> None:
    """What the hub does with bytes of unknown origin; only Garbled may come out."""
    message = decode(data)
    for reader in (stamp_of, samples_from, alerts_from, ack_from):
        try:
            reader(message)  # type: ignore[operator]
        except Garbled as garbled:
            assert len(str(garbled)) < 1000  # noqa: PT017 - most messages are garbled for most readers


@given(st.sampled_from(sorted(MESSAGES)), st.data())
def test_damage_with_a_right_sum_never_raises_anything_but_garbled(name: str, data: st.DataObject) -> None:
    body = bytearray(golden(name))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(HEAD.size, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_as_anything(summed(bytes(body)))
    except Garbled as garbled:
        assert len(str(garbled)) < 1000  # noqa: PT017 - what is read right is right as well


X = ["x", "<f8", 1]  # the column that is there
WRONG_HEADERS: dict[str, object] = {
    "not a map": ["kind", "health"],
    "a number": 7,
    "keys that are numbers": {1: 2, "kind": "health", "columns": [X]},
    "keys that are bytes": {"kind": "health", "columns": [X], b"x": 1},
    "keys further in that are numbers": {"kind": "health", "columns": [X], "x": {1: 2}},
    "no kind": {"columns": [X]},
    "unknown kind": {"kind": "gossip", "columns": [X]},
    "kind that is a list": {"kind": ["health"], "columns": [X]},
    "kind that is null": {"kind": None, "columns": [X]},
    "no columns": {"kind": "health"},
    "columns that are a map": {"kind": "health", "columns": {}},
    "too many columns": {"kind": "health", "columns": [X, *([str(n), "<f8", 0] for n in range(32))]},
    "a column without a length": {"kind": "health", "columns": [["x", "<f8"]]},
    "a negative length": {"kind": "health", "columns": [["x", "<f8", -1]]},
    "a true length": {"kind": "health", "columns": [["x", "|u1", True]]},
    "a length that is a float": {"kind": "health", "columns": [["x", "<f8", 1.0]]},
    "a length of 2**62": {"kind": "health", "columns": [["x", "<f8", 2**62]]},
    "a dtype of objects": {"kind": "health", "columns": [["x", "|O", 1]]},
    "a big-endian dtype": {"kind": "health", "columns": [["x", ">f8", 1]]},
    "a name that is a number": {"kind": "health", "columns": [[1, "<f8", 1]]},
    "a column behind the body": {"kind": "health", "columns": [["x", "<f8", 2]]},
    "a column that is too short": {"kind": "health", "columns": []},
    "the same column twice": {"kind": "health", "columns": [["x", "|u1", 0], ["x", "<f8", 1]]},
    "a time stamp extension": msgpack.packb({"kind": "health", "columns": [X], "t": msgpack.Timestamp(1)}),
    "two values": msgpack.packb({"kind": "health", "columns": [X]}) * 2,
    "text that is not UTF-8": b"\x83\xa4kind\xa6health\xa1x\xa1\xff\xa7columns" + msgpack.packb([X]),
    "nothing": b"",
}


@pytest.mark.parametrize("wrong", WRONG_HEADERS)
def test_wrong_header_with_a_right_sum_is_garbled(wrong: str) -> None:
    with pytest.raises(Garbled):
        decode(built(WRONG_HEADERS[wrong], bytes(8)))


def test_the_right_header_among_them_is_read() -> None:
    """The wrong ones above are wrong for their own reason, not because `built` is."""
    message = decode(built({"kind": "health", "columns": [["x", "<f8", 1]]}, bytes(8), packed=True))
    assert equal(message, Message(Kind.HEALTH, {}, {"x": np.zeros(1)}))


def bomb_of_zeros() -> bytes:
    return built({"kind": "health", "columns": [["x", "|u1", 2**28]]}, bytes(2**28), packed=True)


def bomb_that_lies() -> bytes:
    """The head says 64 bytes, the frame 256 MiB."""
    data = bomb_of_zeros()
    return data[:8] + struct.pack("<I", 64) + data[12:]


def bomb_of_unknown_size() -> bytes:
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(2**26))
    return summed(HEAD.pack(b"CW", 1, 1, 8, 2**20, 0, 0) + packed)


def bomb_with_a_second_frame() -> bytes:
    data = encode(Message(Kind.HEALTH, {}))
    return summed(data + zstandard.ZstdCompressor().compress(bytes(2**26)))


BOMBS: dict[str, Callable[[], bytes]] = {
    "10 MB of anything": lambda: bytes(10_000_000),
    "10 MB that start well": lambda: golden("samples") + bytes(10_000_000),
    "256 MiB of zeros": bomb_of_zeros,
    "256 MiB behind a small promise": bomb_that_lies,
    "a frame of unknown size": bomb_of_unknown_size,
    "a second frame": bomb_with_a_second_frame,
    "lists in lists in lists": lambda: built(b"\x91" * 1_000_000 + b"\xc0"),
    "maps in maps in maps": lambda: built(b"\x81\xa1a" * 300_000 + b"\xc0"),
    "a list of four thousand million": lambda: built(b"\xdd\xff\xff\xff\xff" + bytes(100)),
    "a map of four thousand million": lambda: built(b"\xdf\xff\xff\xff\xff" + bytes(100)),
    "a string of four gigabytes": lambda: built(b"\xdb\xff\xff\xff\xff" + bytes(100)),
    "bytes of four gigabytes": lambda: built(b"\xc6\xff\xff\xff\xff" + bytes(100)),
    "many empty lists": lambda: built(b"\xdd\x00\x1f\xff\x00" + b"\x90" * 0x1FFF00, packed=True),
    "a header of 8 MB": lambda: built(
        msgpack.packb({"kind": "health", "columns": [], "x": "a" * 8_000_000}), packed=True
    ),
}


@pytest.mark.timeout(150)  # a bomb that works takes minutes
@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_at_once_and_in_little_memory(name: str) -> None:
    bomb = BOMBS[name]()
    tracemalloc.start()
    try:
        with pytest.raises(Garbled):
            decode(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 256 * 2**20


def test_largest_body_is_read_and_one_byte_more_is_not() -> None:
    header = msgpack.packb({"kind": "health", "columns": [["x", "|u1", MAX_BODY_BYTES - 40]]})
    body = bytes(MAX_BODY_BYTES - 40)
    assert len(header) == 32 + 2
    assert len(decode(built(header, body, packed=True)).columns["x"]) == MAX_BODY_BYTES - 40
    with pytest.raises(Garbled, match="out of bounds"):
        decode(built(header, body + bytes(8), packed=True))


def test_largest_message_is_read_and_one_byte_more_is_not() -> None:
    room = MAX_MESSAGE_BYTES - HEAD.size - 40
    data = built({"kind": "health", "columns": [["x", "|u1", room]]}, bytes(room))
    assert len(data) == MAX_MESSAGE_BYTES
    assert len(decode(data).columns["x"]) == room
    with pytest.raises(Garbled, match="larger"):
        decode(data + b"\0")
