"""Recorders that are asked, each hour, how much of it they recorded of each channel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import numpy as np

from devices.model.errors import Garbled, Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.mqtt import Backoff
from edge_agent.sources.camera.onvif import search
from edge_agent.sources.camera.onvif.client import Device
from edge_agent.sources.camera.onvif.recorded import HOUR_US, WHOLE, Floats, alike, shares
from edge_agent.sources.camera.watch import JITTER, Desk, Watch

log = logging.getLogger(__name__)
Found = TypeVar("Found")

#: A recorder closes its files late: it is asked so long after the hour, and at a time of its own within as much again.
SETTLE_S: Final = 300.0
#: Hours that are made up for after an outage, or at the start; what is older stays unknown.
MOST_HOURS: Final = 24
FIRST_S: Final = 60.0
MOST_S: Final = 900.0
#: Recordings of one search, and answers to it, at most.
AT_ONCE: Final = 16
MOST_PAGES: Final = 60


async def follow(desk: Desk, device: Device, watches: Sequence[Watch]) -> None:
    """Tell for ever how much of each hour was recorded; ends at once where no sheet names a recording."""
    mine = [watch for watch in watches if watch.camera.recording]
    if not mine:
        return
    counts, clock = mine[0].host.counts, desk.clock
    backoff, failures = Backoff(FIRST_S, MOST_S, JITTER, desk.random), 0
    settle_us = round(SETTLE_S * (1 + desk.random()) * 1e6)
    told_us = 0
    while True:
        end_us = (clock.now_us() - settle_us) // HOUR_US * HOUR_US
        told_us = min(told_us, end_us)  # our clock was set back: what is then told anew is right
        from_us = max(told_us, end_us - MOST_HOURS * HOUR_US)
        try:
            if from_us < end_us:
                found = await asked(device, [watch.camera.recording for watch in mine], from_us, end_us)
                await desk.out.samples(samples(mine, found, end_us))
                counts["recordings_unknown"] += int(np.count_nonzero(np.isnan(found)))
                told_us, failures = end_us, 0
        except Refused:  # a person must act; an hour later is soon enough to look again
            counts["onvif_failures"] += 1
        except (Unreachable, Garbled):
            counts["onvif_failures"] += 1
            failures += 1
            await clock.sleep(backoff.wait_s(failures))
            continue
        except Exception:  # boundary: a source's task, one for each host
            counts["faults"] += 1
            log.exception("onvif %s: a fault of ours", mine[0].host.link.id)
        await clock.sleep((end_us + HOUR_US + settle_us - clock.now_us()) / 1e6)


async def asked(device: Device, wanted: Sequence[str], from_us: int, to_us: int) -> Floats:
    """Recorded part of each hour in %, float64 (wanted, hours), see `shares`; hours are those of our clock.

    Raises:
        Unreachable, Refused, Garbled: no answer, a refusal, or one without sense or without an end.
    """
    ahead_us = round(await device.clock_off_s() * 1e6)  # its index goes by its own clock
    listed = await recordings(device)
    mine = {one.token: one.tracks for one in listed if not one.names.isdisjoint(wanted)}
    changes: list[search.Change] = []
    tokens = list(mine)
    for first in range(0, len(tokens), AT_ONCE):
        some = tokens[first : first + AT_ONCE]
        question = search.find_changes(some, from_us + ahead_us, to_us + ahead_us)
        changes += await _searched(device, "Event", question, search.changes)
    told = shares(changes, mine, from_us + ahead_us, to_us + ahead_us)
    of = dict.fromkeys(wanted, np.full((to_us - from_us) // HOUR_US, np.nan))
    for one in listed:
        for name in one.names & of.keys():  # two recordings of one source: what either has is recorded
            of[name] = np.fmax(of[name], told[one.token])
    return np.stack([of[name] for name in wanted])


async def recordings(device: Device) -> list[search.Recording]:
    """What a recorder keeps, of which sources.

    Raises:
        Unreachable, Refused, Garbled: as `asked`.
    """
    return await _searched(device, "Recording", search.find_recordings(), search.recordings)


async def _searched(
    device: Device, kind: str, question: str, read: Callable[[bytes], list[Found]]
) -> list[Found]:
    """All results of one search, page by page."""
    token = search.search_of(await device.ask("Search", question))
    found: list[Found] = []
    try:
        for _ in range(MOST_PAGES):
            answer = await device.ask("Search", search.results(kind, token), longer_s=search.WAIT_S)
            found += read(answer)
            if search.is_complete(answer):
                return found
    except Garbled:
        await _end(device, token)
        raise
    await _end(device, token)
    raise Garbled(f"a search that did not end within {MOST_PAGES} answers")


async def _end(device: Device, token: str) -> None:
    """Free what a recorder keeps for a search; it would do so by itself a little later."""
    try:
        await device.ask("Search", search.end(token))
    except (Unreachable, Refused, Garbled):
        return


def samples(watches: Sequence[Watch], share: Floats, end_us: int) -> SampleBatch:
    """What is told of some hours of one recorder, each at its end; nothing where it is not known.

    A gap while the camera gave no picture has had its alert: it is told as one that is alike, and counts for no other.

    share: float64 (watches, hours) in %; the last hour ends at `end_us`.
    """
    hours = share.shape[1]
    times = end_us - HOUR_US * np.arange(hours - 1, -1, -1)
    poll_us, begun_us = round(watches[0].host.link.poll_s * 1e6), end_us - hours * HOUR_US
    told = [
        one.camera.away.explains(own, begun_us, HOUR_US, poll_us)
        for one, own in zip(watches, share, strict=True)
    ]
    together, known = alike(np.where(told, 100.0, share)), ~np.isnan(share)
    columns = [(watches[0], "many_gaps", np.where(known.any(axis=0), together, np.nan))]
    for watch, own, is_told in zip(watches, share, told, strict=True):
        columns.append((watch, "recorded_share", own))
        alike_ = np.where(is_told & (own < WHOLE), 100.0, together)
        columns.append((watch, "gaps_alike", np.where(np.isnan(own), np.nan, alike_)))
    row = np.repeat([watch.camera.rows[name] for watch, name, _ in columns], hours)
    value = np.concatenate([values for _, _, values in columns])
    usable = ~np.isnan(value)
    return SampleBatch.of(row[usable], np.tile(times, len(columns))[usable], value[usable])
