"""Processes of the demo: started by the commands of production, restarted when they die, never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from devices.model.errors import Refused

STOP_S: Final = 10.0
RESTART_S: Final = 3.0
TAIL_BYTES: Final = 4000
PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Process:
    """A command: `python -m module arguments`. `ends`: it is done at some time and not started again."""

    name: str
    module: str
    arguments: tuple[str, ...]
    ends: bool = False


@dataclass(slots=True)
class _Running:
    process: Process
    child: subprocess.Popen[bytes]
    ended_at: float | None = None


class Processes:
    """Children of this process; they get SIGTERM when the context ends or this process dies in any way."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, _Running] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask all to end, last started first; kill what has not ended in time."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("\nending ...", flush=True)
        children = [running.child for running in reversed(self._running.values())]
        for child in children:
            child.terminate()
        end = time.monotonic() + STOP_S
        for child in children:
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start(self, process: Process) -> None:
        """Start a process, after the one of its name has ended; what it prints goes to a file of its name."""
        if process.name in self._running:
            self._running[process.name].child.wait()
        with self._log(process.name) as log:
            child = subprocess.Popen(
                [sys.executable, "-m", process.module, *process.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no threads here
            )
        self._running[process.name] = _Running(process, child)

    def call(self, module: str, arguments: tuple[str, ...]) -> str:
        """Run a command to its end.

        Raises:
            Refused: it failed; with what it said.
        """
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"{module} {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def is_alive(self, name: str) -> bool:
        """Say whether a process runs."""
        return self._running[name].child.poll() is None

    def pid(self, name: str) -> int:
        """Process id of a process that was started."""
        return self._running[name].child.pid

    def tail(self, name: str) -> str:
        """The end of what a process printed."""
        with self._log_path(name).open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL_BYTES))
            return log.read().decode(errors="replace")

    def restart_dead(self) -> Iterator[str]:
        """Start again what has been dead for a moment, and yield its name."""
        for name, running in list(self._running.items()):
            code = running.child.poll()
            if code is None or (running.process.ends and code == 0):
                continue
            if running.ended_at is None:
                running.ended_at = time.monotonic()
            elif time.monotonic() - running.ended_at >= RESTART_S:
                self.start(running.process)
                yield name

    def _log_path(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _log(self, name: str) -> IO[bytes]:
        return self._log_path(name).open("ab")


def _end_with_parent() -> None:
    """Ask the kernel to end this child when the demo dies, however it dies (Linux only; elsewhere it has no effect)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
