"""The web application: every route behind its role, every error in one form, everything behind the guard."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from hub.api import (
    alerts,
    audit,
    backtest,
    calibrations,
    cameras,
    cameras_rates,
    campus,
    commissioning,
    cooling,
    coverage,
    description,
    events,
    evidence,
    export,
    failures,
    gateways,
    health,
    latest,
    orders,
    pictures,
    plans,
    plates,
    rules,
    series,
    session,
    speed,
    users,
)
from hub.api.guard import Guard
from hub.api.ports import Ports
from hub.api.routes import Route

ALL: Final = (
    session.ROUTES,
    users.ROUTES,
    campus.ROUTES,
    plans.ROUTES,
    latest.ROUTES,
    series.ROUTES,
    speed.ROUTES,
    cooling.ROUTES,
    cameras.ROUTES,
    cameras_rates.ROUTES,
    commissioning.ROUTES,
    pictures.ROUTES,
    coverage.ROUTES,
    alerts.ROUTES,
    plates.ROUTES,
    evidence.ROUTES,
    calibrations.ROUTES,
    rules.ROUTES,
    orders.ROUTES,
    events.ROUTES,
    gateways.ROUTES,
    audit.ROUTES,
    backtest.ROUTES,
    export.ROUTES,
    health.ROUTES,
    description.ROUTES,
)


def routes() -> list[Route]:
    """Every route of the interface."""
    return [route for group in ALL for route in group.all]


def web_app(ports: Ports) -> FastAPI:
    """The application without its guard, so that pages can be added to it."""
    app = FastAPI(
        title="Campuswatch",
        version=ports.version,
        description="园区卫士 hub. Times are UTC microseconds; durations are seconds.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.ports = ports
    failures.add_to(app)
    for group in ALL:
        group.add_to(app)
    return app


def guarded(app: FastAPI) -> ASGIApp:
    """The application as it may stand in the network."""
    ports: Ports = app.state.ports
    return Guard(app, ports.web)
