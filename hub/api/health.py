"""Whether the hub lives, for whoever starts it; and its counters, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

from devices.model.errors import Unreachable
from hub.accounts.roles import Role
from hub.alerts import board
from hub.api.answers import Json
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes

ROUTES: Final = Routes("health", prefix="")

#: A mapping under one of these keys has one entry for each thing of that name, which becomes a label.
LABELS: Final = {"agents": "agent", "by_severity": "severity", "by_family": "family"}
#: Here each entry is a trouble in words; that it is there is the number.
TROUBLES: Final = {"stalled": "store"}


@ROUTES.get("/healthz", role=None)
async def healthz(hub: Hub) -> Json:
    """Whether the hub answers and its database does."""
    try:
        await hub.db.read(lambda c: c.exec_driver_sql("SELECT 1").scalar())
    except Unreachable:
        return Json({"ok": False}, 503)
    return Json({"ok": True})


@ROUTES.get("/metrics", role=Role.ENGINEER, bearer=True)
async def metrics(hub: Hub) -> Response:
    """Counters in the Prometheus text format, for an engineer or the bearer of the token."""
    registry = CollectorRegistry(auto_describe=False)
    own = {"alerts": await hub.db.read(board.counts), "agents": hub.ingest().get("agents", {})}
    registry.register(_Numbers({**await vitals(hub), **own}))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def vitals(hub: Ports) -> dict[str, Any]:
    """The hub's own counters."""
    size = await hub.series.size()
    ingest = {name: value for name, value in hub.ingest().items() if name != "agents"}
    return {
        "lag_s": ingest.pop("lag_s", 0.0),
        "db_waiting": hub.db.waiting,
        "series_bytes": size.bytes,
        "series_rows": size.rows,
        "points": len(hub.newest),
        "pages": len(hub.feed),
        "pages_dropped": hub.feed.dropped,
        "ingest": ingest,
        "broker": dict(hub.broker()),
    }


class _Numbers(Collector):
    """Nested numbers as gauges; texts and missing values have no number and are left out."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, one family for each name."""
        families: dict[tuple[str, tuple[str, ...]], GaugeMetricFamily] = {}
        for name, labels, value in numbers(self._values, "campus_hub", {}):
            key = name, tuple(labels)
            if key not in families:
                families[key] = GaugeMetricFamily(name, name.replace("_", " "), labels=key[1])
            families[key].add_metric(list(labels.values()), value)
        yield from families.values()


def numbers(
    values: Mapping[str, Any], prefix: str, labels: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each number of nested values, with its name and labels."""
    for key, value in values.items():
        name = f"{prefix}_{key}"
        if isinstance(value, Mapping) and key in LABELS:
            for thing, inner in value.items():
                nested = inner if isinstance(inner, Mapping) else {"": inner}
                for found, more, number in numbers(nested, name, {**labels, LABELS[key]: str(thing)}):
                    yield found.rstrip("_"), more, number
        elif isinstance(value, Mapping) and key in TROUBLES:
            yield from ((name, {**labels, TROUBLES[key]: str(thing)}, 1.0) for thing in value)
        elif isinstance(value, Mapping):
            yield from numbers(value, name, labels)
        elif isinstance(value, int | float):
            yield name, dict(labels), float(value)
