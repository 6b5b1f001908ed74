"""Backtests: what rules would have raised on the stored readings, and what that changes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request

from devices.model.errors import ConfigRefused
from devices.profiles.strict import Strict
from hub.accounts.roles import Role
from hub.api.access import SignedIn, actor_of
from hub.api.alerts import Time
from hub.api.answers import Json, words
from hub.api.drafts import Draft, rules_of, unfit
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.api.shapes import Both
from hub.backtest import Job
from hub.db import audit
from hub.db.audit import Act

ROUTES: Final = Routes("backtests")


class Asked(Strict):
    """Rules against the live ones over a span of stored readings."""

    rules: Draft
    from_us: Time
    to_us: Time
    baseline: Literal["live"] = "live"


class JudgedRule(Strict):
    """A rule of a backtest."""

    id: str
    title: Both
    live_version: int | None
    draft_version: int


class JobShape(Strict):
    """A backtest; `report` once it is done."""

    id: str
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    position: int
    progress: float
    by: str
    asked_us: int
    started_us: int | None
    ended_us: int | None
    from_us: int
    to_us: int
    rules: list[JudgedRule]
    error: Both | None
    report: dict[str, Any] | None


class Jobs(Strict):
    """Backtests, newest first, without their reports."""

    rows: list[JobShape]


class Interval(Strict):
    """One alert on a time line."""

    id: str
    start_us: int
    raised_us: int
    cleared_us: int | None
    severity: Literal[1, 2, 3, 4]
    changes: list[tuple[int, int]]
    moment: bool = False


class Line(Strict):
    """What a rule raised about the device, live and as a draft."""

    rule: str
    live: list[Interval]
    draft: list[Interval]


class Intervals(Strict):
    """Alerts about one device."""

    device: str
    from_us: int
    to_us: int
    rules: list[Line]
    cut: int


@ROUTES.post("/backtests", role=Role.ENGINEER, status=202, model=JobShape)
async def ask(request: Request, hub: Hub, who: SignedIn, body: Asked) -> Json:
    """Judge stored readings by these rules, beside the live ones; the answer names the job to ask for."""
    rules = rules_of(body.rules)
    try:
        job = await hub.backtests.ask(rules, body.from_us, body.to_us, who.user)
    except ConfigRefused as refused:
        raise unfit(refused) from None
    asked = {"rules": list(job.ids), "from_us": body.from_us, "to_us": body.to_us}
    act = Act("backtest.asked", job.id, after=asked)
    await hub.db.write(lambda c: audit.record(c, actor_of(request, who), act, hub.now_us()))
    return Json(shown(hub, job), 202)


@ROUTES.get("/backtests", role=Role.ENGINEER, model=Jobs)
async def jobs(hub: Hub) -> Json:
    """Backtests since the hub's start, newest first, as far as they are kept."""
    return Json({"rows": [{**shown(hub, job), "report": None} for job in hub.backtests.all()]})


@ROUTES.get("/backtests/{name}", role=Role.ENGINEER, model=JobShape)
async def job(hub: Hub, name: str) -> Json:
    """How far a backtest is, and its report once it is done."""
    return Json(shown(hub, hub.backtests.job(name)))


@ROUTES.get("/backtests/{name}/intervals", role=Role.ENGINEER, model=Intervals)
async def intervals(hub: Hub, name: str, device: Annotated[str, Query(max_length=100)] = "") -> Json:
    """The alerts about one device, live and draft, for a time line; its readings are in the history."""
    return Json(hub.backtests.intervals(name, device))


@ROUTES.delete("/backtests/{name}", role=Role.ENGINEER, model=JobShape)
async def cancel(hub: Hub, name: str) -> Json:
    """Stop a backtest, or forget one that is over."""
    return Json({**shown(hub, hub.backtests.cancel(name)), "report": None})


def shown(hub: Ports, job: Job) -> dict[str, Any]:
    """A job as plain values."""
    return {
        "id": job.id,
        "state": str(job.state),
        "position": hub.backtests.position(job),
        "progress": round(job.progress, 4),
        "by": job.by,
        "asked_us": job.asked_us,
        "started_us": job.started_us,
        "ended_us": job.ended_us,
        "from_us": job.span.from_us,
        "to_us": job.span.to_us,
        "rules": job.rules(),
        "error": None if job.error is None else words(job.error),
        "report": job.report,
    }
