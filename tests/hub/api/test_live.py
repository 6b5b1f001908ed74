"""The ring behind the open pages, by itself."""

from __future__ import annotations

from devices.model.samples import SampleBatch
from hub.api.live import Feed
from hub.live.newest import Newest


def feed(size: int = 5) -> Feed:
    return Feed(Newest(["a.x"]), boot="b", size=size)


def test_events_are_numbered_and_come_in_order_after_a_place() -> None:
    ring = feed()
    for number in range(3):
        ring.add("alert", {"n": number})
    entries = ring.after(1)
    assert entries is not None
    assert [(entry.number, entry.data) for entry in entries] == [(2, b'{"n":1}'), (3, b'{"n":2}')]
    assert ring.after(3) == []


def test_a_place_that_has_left_the_ring_or_never_was_is_gone() -> None:
    ring = feed(size=3)
    for number in range(10):
        ring.add("alert", {"n": number})
    assert [entry.number for entry in ring.after(8) or []] == [9, 10]
    assert ring.after(7) is None, "which values were told with 7 is no longer known"
    assert ring.after(11) is None
    assert ring.after(-1) is None


def test_values_are_told_once_for_each_change() -> None:
    ring = feed()
    ring.tell_values()
    assert ring.number == 0
    ring.newest.update(SampleBatch.of([0], 1, 1.0), ["a.x"])
    ring.tell_values()
    ring.tell_values()
    assert ring.number == 1
    assert ring.version_at(1) == ring.newest.version
    assert ring.version_at(0) < ring.newest.version


def test_a_reader_is_woken_by_news_and_can_be_sent_away() -> None:
    ring = feed()
    with ring.reader("ann", "s1") as ann, ring.reader("bob", "s2") as bob:
        assert len(ring) == 2
        ring.add("alert", {})
        assert ann.woken.is_set()
        ring.end(session="s2")
        assert (ann.ended, bob.ended) == (False, True)
        ring.end(user="ann")
        assert ann.ended
    assert len(ring) == 0


def test_starting_anew_leaves_no_earlier_place_valid() -> None:
    ring = feed()
    ring.add("alert", {})
    boot = ring.boot
    ring.start_anew()
    assert ring.boot != boot
    assert ring.after(0) is None
