"""What answers look like, for the description of the interface; tests hold real answers to it.

Answers are not built through these: a page of five hundred alerts would be checked field by field each time.
"""

from __future__ import annotations

from typing import Any, Literal

from devices.profiles.strict import Strict


class Both(Strict):
    """A text in both languages."""

    zh: str
    en: str


class Acts(Strict):
    """What a rule orders to its device at `due_us` if nobody has acknowledged by then, or while it still stands."""

    due_us: int
    point: str
    value: float | None
    even_acked: bool


class Alert(Strict):
    """An alert. Times are UTC microseconds."""

    id: str
    seq: int
    state: Literal["raised", "acked", "cleared", "latched", "closed"]
    family: Literal["fire", "traffic", "cooling", "energy", "access", "camera", "device"]
    severity: Literal[1, 2, 3, 4]
    rule: str
    rule_version: int
    title: Both
    advice: Both
    site: str
    building: str | None
    area: str | None
    area_name: Both | None
    zone: str | None
    owner: Both | None
    device: str
    device_name: Both
    message: Both
    start_us: int
    raised_us: int
    received_us: int
    last_us: int
    cleared_us: int | None
    acked_us: int | None
    acked_by: str | None
    assignee: str | None
    count: int
    value: float | None
    limit: float | None
    unit: str
    evidence: dict[str, float | None]
    has_plate: bool
    parent: str
    agent: str
    historical: bool
    stale: bool
    epoch: int
    notes: int
    latch: bool
    acts: Acts | None


class Plate(Strict):
    """The number plate that belongs to an alert, and how sure the camera was, per cent."""

    plate: str
    sure: float | None


class EvidenceFile(Strict):
    """One file: `clip.mp4`, and pictures `<n>-clean.jpg` and `<n>-facts.jpg`."""

    name: str
    bytes: int
    sha256: str


class Evidence(Strict):
    """What a gateway keeps of an alert; no files where it has none."""

    alert: str
    agent: str
    files: list[EvidenceFile]


class HistoryLine(Strict):
    """One thing that happened to an alert."""

    id: int
    time_us: int
    received_us: int
    act: str
    actor: str
    text: str
    before: str | None
    after: str
    severity: int | None
    value: float | None


class AlertWithHistory(Alert):
    """An alert and all that happened to it."""

    history: list[HistoryLine]


class Counts(Strict):
    """Open alerts by state, by severity and by family."""

    raised: int
    acked: int
    cleared: int
    latched: int
    by_severity: dict[str, int]
    by_family: dict[str, int]


class Board(Strict):
    """A page of alerts; `next` is `after` of the following page."""

    now_us: int
    alerts: list[Alert]
    next: str | None
    counts: Counts


class Latest(Strict):
    """Newest samples: point to [time_us, value or null, quality]."""

    now_us: int
    values: dict[str, tuple[int, float | None, int]]


class Steps(Strict):
    """Aggregates by step."""

    step_s: float
    time_us: list[int]
    series: dict[str, list[float | None]]


class RawColumns(Strict):
    """Samples of one point."""

    time_us: list[int]
    value: list[float | None]
    quality: list[int]


class Raw(Strict):
    """Samples as they were read."""

    step_s: float
    series: dict[str, RawColumns]
    truncated: bool


class AuditRow(Strict):
    """One row of the trail."""

    id: int
    time_us: int
    actor: str
    role: str
    address: str
    session: str
    request: str
    verb: str
    object: str
    reason: str
    before: Any
    after: Any
    digest: str


class Audit(Strict):
    """Rows of the trail, newest first."""

    rows: list[AuditRow]
