"""What a row is, and how it takes its time.

A row is a module in ``benchmarks.rows`` with

* ``NAME``: the name of its goal in ``benchmarks.goals``,
* ``WORK``: the work, with its size, which is fixed in the module,
* ``PEER``: what it is measured against in the same run, or why there is nothing,
* ``run() -> list[Result]``: one result for each figure that the goal names.
"""

from __future__ import annotations

import importlib
import pkgutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, cast

from benchmarks import rows

#: A figure is the median of at least so many runs.
RUNS = 5


class Row(Protocol):
    """A module of ``benchmarks.rows``, as the runner sees it."""

    NAME: str
    WORK: str
    PEER: str
    __name__: str

    def run(self) -> list[Result]:
        """Do the work and give one result for each figure."""


@dataclass(frozen=True)
class Result:
    """One figure of a row.

    Attributes:
        figure: what was measured, such as ``samples/s`` or ``age p99``.
        unit: the unit of every sample.
        samples: one value for each run, at least five.
        peers: the same for each peer, measured in the same run.
        more_is_better: which way is good; decides how the ratio to a peer is written.
    """

    figure: str
    unit: str
    samples: Sequence[float]
    peers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    more_is_better: bool = True

    def __post_init__(self) -> None:
        for whose, samples in {"samples": self.samples, **self.peers}.items():
            if len(samples) < RUNS:
                msg = f"{self.figure}: {whose} has {len(samples)} runs, at least {RUNS} are needed"
                raise ValueError(msg)

    def ratios(self) -> dict[str, float]:
        """How many times better than each peer; below 1 is worse."""
        ours = statistics.median(self.samples)
        theirs = {name: statistics.median(samples) for name, samples in self.peers.items()}
        return {name: ours / other if self.more_is_better else other / ours for name, other in theirs.items()}

    def as_json(self) -> dict[str, Any]:
        """The figure with its median, as the JSON file holds it."""
        return {**asdict(self), "median": statistics.median(self.samples), "ratios": self.ratios()}


def seconds(
    contestants: Mapping[str, Callable[[], object]], *, runs: int = RUNS, warm_ups: int = 1
) -> dict[str, list[float]]:
    """Time of each contestant in each run, in seconds.

    They take turns, so that a machine that slows down slows all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warm_ups + runs):
        for name, work in contestants.items():
            start_s = time.perf_counter()
            work()
            if turn >= warm_ups:
                taken[name].append(time.perf_counter() - start_s)
    return taken


def per_second(amount: float, taken_s: Sequence[float]) -> list[float]:
    """Rates from times: how much work of this amount was done in a second."""
    return [amount / one_s for one_s in taken_s]


def module_names() -> list[str]:
    """Full names of the row modules, in alphabetical order."""
    return [f"{rows.__name__}.{found.name}" for found in pkgutil.iter_modules(rows.__path__)]


def load(module_name: str) -> Row:
    """Import one row.

    Raises:
        TypeError: the module lacks something that a row has.
    """
    module = importlib.import_module(module_name)
    missing = [name for name in ("NAME", "WORK", "PEER", "run") if not hasattr(module, name)]
    if missing:
        msg = f"{module_name} lacks {', '.join(missing)}"
        raise TypeError(msg)
    return cast("Row", module)
