"""What a recorder of the simulated campus recorded, and its search (ONVIF profile G): all of it but for the gaps."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from devices.sim.wires.faults import Fault

#: Faults of a camera, or of its recorder, while which nothing is recorded.
GAPS: Final = frozenset({"no-recording", "offline", "disk-full", "dead-link"})
#: So many ended gaps are remembered.
REMEMBERED: Final = 10_000
#: Results of one answer, at most, however many are wanted.
PAGE: Final = 10
TRACK: Final = "VIDEO001"
SOUND: Final = "AUDIO001"


class Gaps:
    """When cameras were not recorded; hooks of the fault board."""

    def __init__(self, clock_us: Callable[[], int]) -> None:
        self.clock_us = clock_us
        self._open: dict[tuple[str, str], int] = {}
        self._ended: deque[tuple[str, int, int]] = deque(maxlen=REMEMBERED)

    def enter(self, fault: Fault) -> None:
        """A fault begins."""
        if fault.kind in GAPS:
            self._open[fault.target, fault.kind] = fault.since_us

    def leave(self, fault: Fault) -> None:
        """A fault ends."""
        since_us = self._open.pop((fault.target, fault.kind), None)
        if since_us is not None:
            self._ended.append((fault.target, since_us, self.clock_us()))

    def spans(self, *targets: str) -> list[tuple[int, int]]:
        """Gaps of a camera and its recorder in the order of time, none overlapping; open ones end far ahead."""
        ended = [(since, until) for target, since, until in self._ended if target in targets]
        opened = [(since, 1 << 62) for (target, _), since in self._open.items() if target in targets]
        found: list[tuple[int, int]] = []
        for since, until in sorted([*ended, *opened]):
            if found and since <= found[-1][1]:
                found[-1] = (found[-1][0], max(until, found[-1][1]))
            else:
                found.append((since, until))
        return found


class Search:
    """The search service of one recorder.

    Args:
        link: id of the recorder.
        cameras: camera id of each recording, by its token.
        gaps: when what was not recorded.
        own_us: UTC as the recorder's own clock has it; its index goes by that.
    """

    def __init__(self, link: str, cameras: Mapping[str, str], gaps: Gaps, own_us: Callable[[], int]) -> None:
        self._link = link
        self._cameras = cameras
        self._gaps = gaps
        self._own_us = own_us
        self._searches: dict[str, list[str]] = {}
        self._numbers = itertools.count(1)

    def answer(self, text: str) -> str | None:
        """Body of the answer to one question; None if it is none of the search service."""
        if "<FindRecordings" in text:
            return self._begin("FindRecordings", [*self._recordings()])
        if "<FindEvents" in text:
            return self._begin("FindEvents", [*self._changes(text)])
        for kind in ("Recording", "Event"):
            if f"<Get{kind}SearchResults" in text:
                return self._page(kind, _said("SearchToken", text))
        if "<EndSearch" in text:
            self._searches.pop(_said("SearchToken", text), None)
            return "<EndSearchResponse/>"
        return None

    def _begin(self, name: str, found: list[str]) -> str:
        token = f"search-{next(self._numbers)}"
        self._searches[token] = found
        return f"<{name}Response><SearchToken>{token}</SearchToken></{name}Response>"

    def _page(self, kind: str, token: str) -> str:
        left = self._searches.get(token, [])
        page, self._searches[token] = left[:PAGE], left[PAGE:]
        state = "Searching" if self._searches[token] else "Completed"
        if state == "Completed":
            del self._searches[token]
        results = f"<SearchState>{state}</SearchState>{''.join(page)}"
        return f"<Get{kind}SearchResultsResponse><ResultList>{results}</ResultList></Get{kind}SearchResultsResponse>"

    def _recordings(self) -> Iterator[str]:
        tracks = "".join(
            f"<Track><TrackToken>{token}</TrackToken><TrackType>{kind}</TrackType></Track>"
            for token, kind in ((TRACK, "Video"), (SOUND, "Audio"))
        )
        for token, camera in self._cameras.items():
            source = f"<Source><SourceId>{camera}</SourceId><Name>{camera}</Name></Source>"
            yield (
                f"<RecordingInformation><RecordingToken>{token}</RecordingToken>{source}{tracks}"
                "<RecordingStatus>Recording</RecordingStatus></RecordingInformation>"
            )

    def _changes(self, text: str) -> Iterator[str]:
        """How each wanted recording stood at the start, and its changes after that; sound never has a gap."""
        ahead_us = self._own_us() - self._gaps.clock_us()
        from_us, to_us = (_read(_said(name, text)) for name in ("StartPoint", "EndPoint"))
        for token in re.findall(r"<IncludedRecordings[^>]*>([^<]*)<", text):
            spans = [
                (a + ahead_us, b + ahead_us) for a, b in self._gaps.spans(self._cameras[token], self._link)
            ]
            is_there = not any(since <= from_us < until for since, until in spans)
            yield _result(token, TRACK, from_us, is_there=is_there, is_start=True)
            yield _result(token, SOUND, from_us, is_there=True, is_start=True)
            for since, until in spans:
                for time_us, there in ((since, False), (until, True)):
                    if from_us < time_us < to_us:
                        yield _result(token, TRACK, time_us, is_there=there, is_start=False)


def _result(token: str, track: str, time_us: int, *, is_there: bool, is_start: bool) -> str:
    time = dt.datetime.fromtimestamp(time_us / 1e6, dt.UTC).isoformat(timespec="milliseconds")
    return (
        f"<Result><RecordingToken>{token}</RecordingToken><TrackToken>{track}</TrackToken><Time>{time}</Time><Event>"
        "<Topic>tns1:RecordingHistory/Track/State</Topic><Message><Data>"
        f'<SimpleItem Name="IsDataPresent" Value="{str(is_there).lower()}"/></Data></Message></Event>'
        f"<StartStateEvent>{str(is_start).lower()}</StartStateEvent></Result>"
    )


def _said(name: str, text: str) -> str:
    found = re.search(rf"<{name}[^>]*>([^<]*)<", text)
    return found[1] if found else ""


def _read(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1e6)
