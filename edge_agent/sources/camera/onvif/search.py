"""What is asked of the search service of a recorder (ONVIF profile G), and what its answers say. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from devices.model.errors import Garbled
from edge_agent.sources.camera.onvif.soap import SCHEMA, TRUE
from edge_agent.sources.camera.onvif.xml import all_of, parsed, text_of

SEARCH: Final = "http://www.onvif.org/ver10/search/wsdl"
NOTIFY: Final = "http://docs.oasis-open.org/wsn/b-2"
TOPICS: Final = "http://www.onvif.org/ver10/topics"
DIALECT: Final = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
#: The event of a track of which there begins or ends to be something.
TRACK_STATE: Final = "RecordingHistory/Track/State"
#: How many results one answer may bring: what is bounded by `xml` holds them.
PAGE: Final = 50
#: How long the recorder keeps a search between two questions, and how long it may think about one.
KEPT_S: Final = 30
WAIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recorder keeps of one source. names: its token, and token and name of the source; tracks: of video."""

    token: str
    names: frozenset[str]
    tracks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """From `time_us` on there is something of a track, or nothing. is_start: it was so when the stretch began."""

    recording: str
    track: str
    time_us: int
    is_there: bool
    is_start: bool


def find_recordings() -> str:
    """Begin to list what is recorded."""
    return f'<FindRecordings xmlns="{SEARCH}"><Scope/><KeepAliveTime>PT{KEPT_S}S</KeepAliveTime></FindRecordings>'


def find_changes(recordings: Iterable[str], from_us: int, to_us: int) -> str:
    """Begin to list when recordings began and ended, and how they stood at first."""
    scope = "".join(
        f'<IncludedRecordings xmlns="{SCHEMA}">{escape(token)}</IncludedRecordings>' for token in recordings
    )
    topic = (
        f'<n:TopicExpression xmlns:n="{NOTIFY}" xmlns:tns1="{TOPICS}" Dialect="{DIALECT}">'
        f"tns1:{TRACK_STATE}</n:TopicExpression>"
    )
    return (
        f'<FindEvents xmlns="{SEARCH}"><StartPoint>{_written(from_us)}</StartPoint>'
        f"<EndPoint>{_written(to_us)}</EndPoint><Scope>{scope}</Scope><SearchFilter>{topic}</SearchFilter>"
        f"<IncludeStartState>true</IncludeStartState><KeepAliveTime>PT{KEPT_S}S</KeepAliveTime></FindEvents>"
    )


def results(kind: str, search: str) -> str:
    """More of what a search found; kind: `Recording` or `Event`."""
    return (
        f'<Get{kind}SearchResults xmlns="{SEARCH}"><SearchToken>{escape(search)}</SearchToken>'
        f"<MaxResults>{PAGE}</MaxResults><WaitTime>PT{WAIT_S:.0f}S</WaitTime></Get{kind}SearchResults>"
    )


def end(search: str) -> str:
    """No more of it is wanted."""
    return f'<EndSearch xmlns="{SEARCH}"><SearchToken>{escape(search)}</SearchToken></EndSearch>'


def search_of(answer: bytes) -> str:
    """The token of a search that began.

    Raises:
        Garbled: it states none.
    """
    token = text_of(parsed(answer), "SearchToken")
    if not token:
        raise Garbled("a search without a token")
    return token


def is_complete(answer: bytes) -> bool:
    """Whether a search has told everything."""
    return text_of(parsed(answer), "SearchState") == "Completed"


def recordings(answer: bytes) -> list[Recording]:
    """The recordings of an answer."""
    return [_recording(one) for one in all_of(parsed(answer), "RecordingInformation")]


def changes(answer: bytes) -> list[Change]:
    """The changes of tracks in an answer; what a recorder tells beside them is left out.

    Raises:
        Garbled: a time makes no sense.
    """
    return [_change(one) for one in all_of(parsed(answer), "Result") if TRACK_STATE in text_of(one, "Topic")]


def _recording(one: Element) -> Recording:
    token = text_of(one, "RecordingToken")
    names = {token, text_of(one, "Source", "SourceId"), text_of(one, "Source", "Name")} - {""}
    tracks = [track for track in all_of(one, "Track") if text_of(track, "TrackType") == "Video"]
    return Recording(token, frozenset(names), tuple(text_of(track, "TrackToken") for track in tracks))


def _change(one: Element) -> Change:
    items = {item.get("Name", ""): item.get("Value", "") for item in all_of(one, "SimpleItem")}
    return Change(
        text_of(one, "RecordingToken"),
        text_of(one, "TrackToken"),
        _read(text_of(one, "Time")),
        items.get("IsDataPresent", "").lower() in TRUE,
        text_of(one, "StartStateEvent").lower() in TRUE,
    )


def _written(time_us: int) -> str:
    return dt.datetime.fromtimestamp(time_us // 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Garbled("a time that makes no sense") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return round(aware.timestamp() * 1e6)
