"""Programs under test, started by fork from a warm parent of their kind, and killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from devices.model.errors import Unreachable

WARM_S: Final = 300.0  # of seconds; on a machine that others keep busy
TAIL_BYTES: Final = 3000
#: One thread each: a parent with threads cannot be forked in peace, and children share two cores.
CALM: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class Nursery:
    """A warm parent of one program; for the time of an `async with`.

    Args:
        module: what `python -m` would run.
        log: where the children write.
        environment: beside that of this process.
        warming: arguments of a command that the parent does itself before the first fork, and that leaves nothing
                 behind but memory.
    """

    def __init__(
        self, module: str, log: Path, environment: Mapping[str, str], warming: tuple[str, ...] = ()
    ) -> None:
        self._module = module
        self._log = log
        self._warming = warming
        self._environment = {**os.environ, **CALM, **environment}
        self._parent: Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._ends: dict[int, asyncio.Future[int]] = {}

    async def __aenter__(self) -> Self:
        """Start the parent and wait until it is warm.

        Raises:
            Unreachable: it does not get warm.
        """
        command = [sys.executable, "-m", f"{__package__}.zygote", self._module, *self._warming]
        with self._log.open("ab") as log:
            self._parent = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=log, env=self._environment
            )
        self._listener = asyncio.create_task(self._listen(), name=f"nursery of {self._module}")
        try:
            async with asyncio.timeout(WARM_S):
                is_warm = await self._born.get()
        except TimeoutError:
            is_warm = 0
        except BaseException:  # boundary: raised again; a parent that is not warm must not stay
            await self._end()
            raise
        if not is_warm:
            await self._end()
            raise Unreachable(f"{self._module} cannot be loaded: {self.tail()}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        assert self._parent is not None
        assert self._parent.stdin is not None
        for pid, end in self._ends.items():
            if not end.done():
                _kill(pid)
        self._parent.stdin.close()
        try:
            await asyncio.wait_for(self._parent.wait(), 5.0)
        except TimeoutError:
            self._parent.kill()
            await self._parent.wait()
        if self._listener is not None:
            await self._listener

    async def _listen(self) -> None:
        assert self._parent is not None
        assert self._parent.stdout is not None
        while line := await self._parent.stdout.readline():
            told = json.loads(line)
            if "dead" in told:
                self._end_of(told["dead"]).set_result(told["code"])
            else:
                self._born.put_nowait(told.get("pid") or told["ready"])
        for end in self._ends.values():
            if not end.done():
                end.set_result(-signal.SIGKILL)
        self._born.put_nowait(0)

    def _end_of(self, pid: int) -> asyncio.Future[int]:
        return self._ends.setdefault(pid, asyncio.get_running_loop().create_future())

    async def start(self, *arguments: str) -> int:
        """Fork a program and return its process id.

        Raises:
            Unreachable: the parent is gone.
        """
        assert self._parent is not None
        assert self._parent.stdin is not None
        self._ends = {pid: end for pid, end in self._ends.items() if not end.done()}
        order = {"arguments": arguments, "log": str(self._log)}
        self._parent.stdin.write(json.dumps(order).encode() + b"\n")
        pid = await self._born.get()
        if not pid:
            raise Unreachable(f"{self._module} does not start: {self.tail()}")
        self._end_of(pid)
        return pid

    def is_alive(self, pid: int) -> bool:
        """Say whether a program still runs."""
        return pid in self._ends and not self._ends[pid].done()

    async def kill(self, pid: int) -> int:
        """End a program with SIGKILL, and return when it is dead: its exit code."""
        if self.is_alive(pid):
            _kill(pid)
        return await self.ended(pid)

    async def ended(self, pid: int) -> int:
        """Wait until a program has ended; its exit code."""
        return await asyncio.shield(self._end_of(pid))

    def tail(self) -> str:
        """The end of what the programs printed."""
        content = self._log.read_bytes() if self._log.exists() else b""
        return content[-TAIL_BYTES:].decode(errors="replace")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
