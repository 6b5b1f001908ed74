"""The machine that a figure belongs to."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

#: The goals are for two cores; a larger machine is cut down to that.
CORES = 2


def keep_to_two_cores() -> None:
    """Let this process and its children use two cores, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:CORES])


def describe() -> dict[str, Any]:
    """What a reader needs in order to compare a figure with another machine's."""
    return {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "processor": processor(),
        "cores_used": min(CORES, os.cpu_count() or 1),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
    }


def line(machine: dict[str, Any]) -> str:
    """The machine in one line, for the head of the table."""
    return (
        f"{machine['processor']}, {machine['cores_used']} cores used, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}, numpy {machine['numpy']}, "
        f"commit {machine['commit']}, {machine['when']}"
    )


def processor() -> str:
    """The processor's name, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [text.partition(":")[2].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """Short id of the commit measured, with a plus where files were changed since."""
    command = ["git", "describe", "--always", "--dirty=+"]  # a figure without a commit is still a figure
    try:
        answer = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=Path(__file__).parent
        )
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"
