"""Frames: the vectors of the standard's users, any cut and any noise, and no way to write."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from dlt645.protocol.protocol import DLT645Protocol
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sources.dlt645 import frames
from edge_agent.sources.dlt645.frames import Finder, Frame, Read

ONE, OTHER = frames.address_bytes("000000000001"), frames.address_bytes("123456789012")
ENERGY = frames.identifier_bytes("00010000")
FOUR = b"\xfe" * 4

#: Answers of two independent implementations, byte for byte.
ENERGY_OF_ONE = bytes.fromhex("68 01 00 00 00 00 00 68 91 08 33 33 34 33 AB 89 67 45 17 16")
ENERGY_OF_OTHER = bytes.fromhex("FE FE FE FE 68 12 90 78 56 34 12 68 91 08 33 33 34 33 89 67 45 33 54 16")

addresses = st.integers(0, 10**12 - 1).map(lambda number: frames.address_bytes(f"{number:012d}"))
contents = st.builds(Frame, addresses, st.integers(0, 255), st.binary(max_size=200))


def built(frame: Frame, wake_up: int = 4) -> bytes:
    return bytes(DLT645Protocol.build_frame(frame.address, frame.control, frame.data, wake_up))


def test_requests_are_those_of_the_vectors() -> None:
    assert frames.read(OTHER, ENERGY) == bytes.fromhex(
        "FE FE FE FE 68 12 90 78 56 34 12 68 11 04 33 33 34 33 68 16"
    )
    assert frames.read(ONE, ENERGY) == bytes.fromhex(
        "FE FE FE FE 68 01 00 00 00 00 00 68 11 04 33 33 34 33 B3 16"
    )
    assert frames.read_address() == bytes.fromhex("FE FE FE FE 68 AA AA AA AA AA AA 68 13 00 DF 16")


@pytest.mark.parametrize("answer", [ENERGY_OF_ONE, ENERGY_OF_OTHER])
def test_answers_of_the_vectors_are_found(answer: bytes) -> None:
    (frame,) = Finder().feed(answer)
    assert frame.from_meter
    assert not frame.refused
    assert not frame.more
    assert frame.code == Read.DATA
    assert frame.data[:4] == ENERGY
    assert (frames.address_digits(frame.address), frame.data[4:].hex()) in {
        ("000000000001", "78563412"),
        ("123456789012", "56341200"),
    }


@given(addresses, st.binary(min_size=4, max_size=4), st.integers(1, 255))
def test_requests_equal_those_of_another_implementation(address: bytes, wanted: bytes, number: int) -> None:
    assert frames.read(address, wanted) == built(Frame(address, 0x11, wanted))
    following = frames.read_following(address, wanted, number)
    assert following == built(Frame(address, 0x12, wanted + bytes([number])))


@given(st.lists(st.tuples(contents, st.integers(0, 4)), max_size=4), st.lists(st.integers(0, 300)))
def test_frames_are_found_however_the_stream_is_cut(sent: list[tuple[Frame, int]], cuts: list[int]) -> None:
    stream = b"".join(built(frame, wake_up) for frame, wake_up in sent)
    borders = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    finder = Finder()
    found = [frame for a, b in itertools.pairwise(borders) for frame in finder.feed(stream[a:b])]
    assert found == [frame for frame, _ in sent]
    assert (finder.noise, finder.wrong_sums, finder.holds) == (0, 0, 0)


@given(st.binary(max_size=40), contents)
def test_noise_in_front_hides_no_frame(noise: bytes, frame: Frame) -> None:
    finder = Finder()
    assert frame in [*finder.feed(noise + built(frame)), *finder.end()]
    assert finder.holds == 0


def test_an_address_full_of_start_bytes_hides_nothing() -> None:
    frame = Frame(b"\x68" * 6, 0x91, ENERGY + b"\x68" * 4)
    assert Finder().feed(built(frame)) == [frame]
    finder = Finder()
    assert [*finder.feed(b"\x68\x68" + built(frame)), *finder.end()] == [frame]


def test_a_start_within_noise_that_announces_more_than_comes_is_given_up_at_the_end() -> None:
    finder = Finder()
    noise = bytes.fromhex("68 00 00 00 00 00 00 68 91 C8")
    assert finder.feed(noise + ENERGY_OF_ONE) == []
    assert len(finder.end()) == 1
    assert finder.holds == 0
    assert finder.noise == len(noise)


@given(st.binary(max_size=600))
def test_nothing_is_held_of_what_can_become_no_frame(data: bytes) -> None:
    finder = Finder()
    finder.feed(data)
    assert finder.holds <= frames.HEAD + 255 + frames.TAIL
    finder.end()
    assert finder.holds == 0


def test_refusals_have_names() -> None:
    def refusal(data: bytes) -> list[str]:
        return frames.refusal_names(Frame(ONE, 0xD1, data))

    assert refusal(b"\x02") == ["no_such_data"]
    assert refusal(b"\x05") == ["other", "not_authorised"]
    assert refusal(b"\x00") == refusal(b"") == ["unknown"]


@pytest.mark.promise("P-dlt645-1")
def test_there_is_no_way_to_build_a_request_that_writes() -> None:
    """Three control codes, all of which read; and one place that builds a frame, which takes only these."""
    assert {code.value for code in Read} == {0x11, 0x12, 0x13}
    folder = Path(frames.__file__).parent
    texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.py")}
    assert sum(text.count("bytes([START") for text in texts.values()) == 1
    assert texts["frames.py"].count("def _request(address: bytes, code: Read,") == 1
    assert [line for text in texts.values() for line in text.splitlines() if ".write(" in line] == [
        "        self._transport.write(question.request)"
    ]
