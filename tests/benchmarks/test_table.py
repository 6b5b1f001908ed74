"""The benchmarks' frame: rows, ratios, the table, and goals that are measured or say why not."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import row, table
from benchmarks.goals import GOALS, Goal
from benchmarks.row import Result


def test_each_row_belongs_to_a_goal_and_each_goal_has_a_row_or_a_reason() -> None:
    names = [row.load(module).NAME for module in row.module_names()]
    assert len(names) == len(set(names))
    assert set(names) <= {goal.name for goal in GOALS}
    for goal in GOALS:
        assert goal.name in names or goal.not_yet, f"{goal.name}: measure it, or say why not"


def test_a_module_that_is_no_row_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(TypeError, match="lacks NAME, WORK, PEER, run"):
        row.load("benchmarks.machine")


def test_fewer_than_five_runs_are_refused_for_ourselves_and_for_a_peer() -> None:
    with pytest.raises(ValueError, match="samples has 4 runs"):
        Result("rate", "1/s", [1.0] * 4)
    with pytest.raises(ValueError, match="polars has 1 runs"):
        Result("rate", "1/s", [1.0] * 5, {"polars": [1.0]})


@pytest.mark.parametrize(("more_is_better", "ratio"), [(True, 4.0), (False, 0.25)])
def test_ratio_is_how_many_times_better(more_is_better: bool, ratio: float) -> None:  # noqa: FBT001
    result = Result("x", "s", [1.0, 8.0, 8.0, 8.0, 20.0], {"peer": [2.0] * 5}, more_is_better)
    assert result.ratios() == {"peer": ratio}


def test_contestants_take_turns_and_warm_ups_are_not_counted() -> None:
    order: list[str] = []
    taken = row.seconds({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, runs=2, warm_ups=1)
    assert order == ["a", "b"] * 3
    assert {name: len(times) for name, times in taken.items()} == {"a": 2, "b": 2}


def test_rates_are_work_by_time() -> None:
    assert row.per_second(10, [2.0, 5.0]) == [5.0, 2.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001234, "0.00123"), (0, "0"), (12.34, "12.3"), (56_789, "56,789"), (523_400_000, "523.4M")],
)
def test_number_is_short(value: float, text: str) -> None:
    assert table.number(value) == text


def test_table_shows_figures_peers_failures_and_what_is_not_measured() -> None:
    goals = (
        Goal("fast", ">= 1"),
        Goal("broken", ">= 2"),
        Goal("later", ">= 3", "no radar yet"),
        Goal("other", "4"),
    )
    figure = Result("rate", "1/s", [2e6] * 5, {"polars": [5e5] * 5}).as_json()
    measured: dict[str, dict[str, Any]] = {
        "fast": {"work": "much", "peer": "polars", "figures": [figure]},
        "broken": {"work": "some", "peer": "none", "failed": "Traceback: boom"},
    }
    shown = "\n".join(table.lines(measured, goals))
    assert "2,000,000 1/s" in shown
    assert "against polars" in shown
    assert "4x" in shown
    assert "boom" in shown
    assert "later                  no radar yet" in shown
    assert "other                  not asked for in this run" in shown
