"""What an agent knows about itself: named sections of plain values, gathered when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

Section = Callable[[], Mapping[str, Any]]

#: A mapping under one of these keys has one entry for each thing of that name, which becomes a label.
LABELS: Final = {
    "links": "link",
    "workers": "worker",
    "lanes": "lane",
    "units": "unit",
    "errors": "error",
    "dropped": "reason",
    "versions": "rule",
}


class Health:
    """Sections by name; nothing is stored here, each section is asked anew."""

    def __init__(self) -> None:
        self._sections: dict[str, Section] = {}

    def add(self, name: str, section: Section) -> None:
        """Register a section under a name of its own."""
        if name in self._sections:
            raise ValueError(f"health section {name!r} stands twice")
        self._sections[name] = section

    def snapshot(self) -> dict[str, Any]:
        """All sections as plain values."""
        return {name: dict(section()) for name, section in self._sections.items()}

    def prometheus(self) -> bytes:
        """All numbers in the Prometheus text format, named `campus_edge_<section>_<key>`."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Numbers(self.snapshot()))
        return generate_latest(registry)


class _Numbers(Collector):
    """The numbers of a snapshot as gauges; texts and missing values have no number and are left out."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[tuple[str, tuple[str, ...]], GaugeMetricFamily] = {}
        for name, labels, value in numbers(self._snapshot, "campus_edge", {}):
            names = tuple(labels)
            family = families.get((name, names))
            if family is None:
                family = families[name, names] = GaugeMetricFamily(name, name.replace("_", " "), labels=names)
            family.add_metric(tuple(labels.values()), value)
        yield from families.values()


def numbers(
    values: Mapping[str, Any], prefix: str, labels: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str], float]]:
    """Walk nested values and yield each number with its metric name and labels."""
    for key, value in values.items():
        name = f"{prefix}_{_metric(key)}"
        if isinstance(value, Mapping) and key in LABELS:
            for thing, inner in value.items():
                inner_labels = {**labels, LABELS[key]: str(thing)}
                if isinstance(inner, Mapping):
                    yield from numbers(inner, name, inner_labels)
                elif isinstance(inner, (bool, int, float)):
                    yield name, inner_labels, float(inner)
        elif isinstance(value, Mapping):
            yield from numbers(value, name, labels)
        elif isinstance(value, (bool, int, float)):
            yield name, dict(labels), float(value)


def _metric(key: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in key.lower())
