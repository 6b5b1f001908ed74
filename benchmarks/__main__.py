"""Runs the rows, each in a process of its own, prints one table and writes JSON.

python -m benchmarks            all rows
python -m benchmarks outbox     rows whose name contains the word
python -m benchmarks --list     what there is
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import machine, row, table
from benchmarks.goals import GOALS

RESULTS = Path(__file__).parent / "results"
#: A row that takes longer than this is broken, not slow.
ROW_LIMIT_S = 1800.0


def main() -> int:
    """Parse the command line; the exit code is 1 when a row failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", help="run only rows whose name contains one of these words")
    parser.add_argument("--list", action="store_true", help="list the rows and the goals not yet measured")
    parser.add_argument("--one", nargs=2, metavar=("MODULE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure_here(arguments.one[0], Path(arguments.one[1]))
        return 0
    found = {row.load(name).NAME: name for name in row.module_names()}
    if arguments.list:
        print("\n".join(f"{goal.name:<22} {found.get(goal.name) or goal.not_yet}" for goal in GOALS))
        return 0
    return measure_all({name: module for name, module in found.items() if wanted(name, arguments.words)})


def wanted(name: str, words: list[str]) -> bool:
    """Whether a row was asked for."""
    return not words or any(word in name for word in words)


def measure_all(modules: dict[str, str]) -> int:
    """Measure rows one after the other, print the table, write the JSON."""
    machine.keep_to_two_cores()
    about = machine.describe()
    measured: dict[str, dict[str, Any]] = {}
    for number, (name, module) in enumerate(modules.items(), 1):
        print(f"[{number}/{len(modules)}] {name} ...", file=sys.stderr, flush=True)
        measured[name] = measure_apart(module)
    print(machine.line(about), "", *table.lines(measured, GOALS), sep="\n")
    print("\n" + str(write(about, measured)))
    return int(any("failed" in result for result in measured.values()))


def measure_apart(module: str) -> dict[str, Any]:
    """Measure one row in a fresh process, so that rows share neither memory nor threads."""
    loaded = row.load(module)
    about = {"work": loaded.WORK, "peer": loaded.PEER}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "benchmarks", "--one", module, str(path)]
        try:
            subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True, timeout=ROW_LIMIT_S)
        except subprocess.CalledProcessError as error:
            return {**about, "failed": error.stderr}
        except subprocess.TimeoutExpired:
            return {**about, "failed": f"not done after {ROW_LIMIT_S:.0f} s"}
        return {**about, "figures": json.loads(path.read_text(encoding="utf-8"))}


def measure_here(module: str, path: Path) -> None:
    """Measure one row in this process and write its figures."""
    path.write_text(json.dumps([figure.as_json() for figure in row.load(module).run()]), encoding="utf-8")


def write(about: dict[str, Any], measured: dict[str, dict[str, Any]]) -> Path:
    """Keep the run beside the others, which git does not see."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{about['when'].replace(':', '').replace('+0000', 'Z')}.json"
    not_yet = {goal.name: goal.not_yet for goal in GOALS if goal.not_yet and goal.name not in measured}
    content = {"machine": about, "rows": measured, "not_yet": not_yet}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
