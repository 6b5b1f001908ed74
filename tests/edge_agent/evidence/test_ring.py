from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.ring import Ring
from edge_agent.sources.capture.packets import Codec, Packet

SECOND = 1_000_000


def codec(epoch: int = 1, tick_us: float = 100_000.0) -> Codec:
    return Codec("h264", b"", 640, 360, tick_us, epoch)


def filled(
    count: int, *, key_each: int = 10, size: int = 100, most: int = 1_000_000, most_s: int = 60
) -> Ring:
    ring = Ring(most, most_s * SECOND)
    for n in range(count):
        ring.take(codec(), Packet(n, n * SECOND // 10, n % key_each == 0, bytes(size)))
    return ring


def test_a_cut_begins_at_the_key_frame_before_and_ends_with_the_time() -> None:
    cut = filled(300).cut(round(12.34 * SECOND), round(20.05 * SECOND), 15 * SECOND)
    assert cut is not None
    assert [cut.packets[0].pts, cut.packets[-1].pts] == [120, 200]
    assert cut.packets[0].is_key


def test_where_the_time_before_is_gone_a_cut_begins_with_what_there_is() -> None:
    ring = filled(300, most_s=10)
    cut = ring.cut(0, 30 * SECOND, 15 * SECOND)
    assert cut is not None
    assert (cut.from_us, cut.to_us) == (20 * SECOND, round(29.9 * SECOND))


def test_there_is_no_cut_of_times_without_pictures() -> None:
    assert Ring(1000, SECOND).cut(0, SECOND, 0) is None
    assert filled(100).cut(20 * SECOND, 30 * SECOND, 25 * SECOND) is None
    assert filled(100, key_each=1000, most_s=5).cut(6 * SECOND, 8 * SECOND, 7 * SECOND) is None, (
        "no key frame is left"
    )


def test_pictures_of_two_connections_are_never_in_one_cut() -> None:
    ring = filled(100)
    for n in range(100):
        ring.take(codec(2), Packet(n, (100 + n) * SECOND // 10, n % 10 == 0, b"x"))
    most_before = ring.cut(2 * SECOND, 11 * SECOND, 6 * SECOND)
    most_after = ring.cut(8 * SECOND, 15 * SECOND, 12 * SECOND)
    assert most_before is not None
    assert most_after is not None
    assert (most_before.codec.epoch, most_after.codec.epoch) == (1, 2)
    short = ring.cut(9 * SECOND, 18 * SECOND, round(9.7 * SECOND))
    assert short is not None
    assert short.codec.epoch == 1, "the vehicle is in it, though the other has more of the time"


def test_pictures_that_waited_at_the_other_side_get_the_times_at_which_they_were_taken() -> None:
    ring = Ring(1_000_000, 120 * SECOND)
    for n in range(60):  # a recorder gives what it has of the last three seconds at once
        ring.take(codec(), Packet(n, max(n, 30) * SECOND // 10, n % 10 == 0, b"x"))
    cut = ring.cut(0, 5 * SECOND, SECOND)
    assert cut is not None
    assert [packet.time_us for packet in cut.packets] == [n * SECOND // 10 for n in range(51)]
    for n in range(60):  # the stream's own time begins anew
        ring.take(codec(), Packet(n, (600 + n) * SECOND // 10, n % 10 == 0, b"x"))
    cut = ring.cut(0, 70 * SECOND, SECOND)
    assert cut is not None
    assert [packet.time_us for packet in cut.packets][60:] == [(600 + n) * SECOND // 10 for n in range(60)]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3 * SECOND)), max_size=80))
def test_a_ring_is_never_larger_nor_longer_than_it_may_be(packets: list[tuple[int, int]]) -> None:
    ring, now_us, kept = Ring(1000, 5 * SECOND), 0, []
    for size, later_us in packets:
        now_us += later_us
        ring.take(codec(tick_us=1.0), Packet(now_us, now_us, True, bytes(size)))
        kept.append((now_us, size))
        while sum(one for _, one in kept) > 1000 or now_us - kept[0][0] > 5 * SECOND:
            kept.pop(0)
        assert ring.bytes == sum(one for _, one in kept)
        cut = ring.cut(-1, now_us, now_us)
        assert [packet.time_us for packet in cut.packets] == [time for time, _ in kept] if cut else not kept
