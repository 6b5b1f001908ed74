"""What a test left behind: tasks, threads, child processes and sockets that were not there before it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: Threads that a library keeps for the life of the process or of the loop, by the start of their name.
LIBRARY_THREADS = (
    "asyncio_",  # the loop's own thread pool; the loop ends it
    "AnyIO worker thread",  # idle workers of anyio's pool, under Starlette
    "pytest_timeout",
    "execnet",
)
#: A closed transport or a killed process needs a moment to be gone.
GRACE_S = 10.0


@dataclass
class Held:
    """What is held at one moment; each maps an identity to words for a person."""

    tasks: dict[int, str] = field(default_factory=dict)
    threads: dict[int, str] = field(default_factory=dict)
    processes: dict[int, str] = field(default_factory=dict)
    sockets: dict[str, str] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)

    def since(self, before: Held) -> list[str]:
        """One line for each thing held now and not before."""
        return [
            f"{kind}: {words}"
            for kind, now, then in (
                ("task still running", self.tasks, before.tasks),
                ("thread still running", self.threads, before.threads),
                ("child process still there", self.processes, before.processes),
                ("socket still open", self.sockets, before.sockets),
            )
            for identity, words in now.items()
            if identity not in then and not (now is self.processes and self._is_below(identity, then))
        ]

    def _is_below(self, process: int, known: Collection[int]) -> bool:
        """Whether somebody who was there before has started it, such as a browser that many tests share."""
        while (process := self.parents.get(process, 0)) and process not in known:
            pass
        return bool(process)


async def leaked_since(before: Held, *, grace_s: float = GRACE_S) -> list[str]:
    """What the test left behind, after a short grace for what is closing."""
    deadline = time.monotonic() + grace_s
    while True:
        await asyncio.sleep(0)
        left = held().since(before)
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.02)


def held() -> Held:
    """What this process holds now; to be called with a running loop."""
    processes = list(_children(os.getpid()))
    return Held(
        tasks={id(task): repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()},
        threads={
            thread.ident or 0: thread.name
            for thread in threading.enumerate()
            if thread.is_alive() and not thread.name.startswith(LIBRARY_THREADS)
        },
        processes={pid: words for pid, _, words in processes},
        sockets=dict(_sockets()),
        parents={pid: parent for pid, parent, _ in processes},
    )


def _children(parent: int) -> Iterator[tuple[int, int, str]]:
    """Processes below this one with the one above each, the dead and unwaited-for among them; Linux only."""
    for listing in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            children = [int(pid) for pid in listing.read_text().split()]
        except OSError:
            continue  # the thread ended while we looked
        for pid in children:
            yield pid, parent, f"{pid} {_command(pid)}"
            yield from _children(pid)


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "(gone)"
    return b" ".join(words).decode(errors="replace")[:200].strip() or "(dead, not waited for)"


def _sockets() -> Iterator[tuple[str, str]]:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return
    for entry in folder.iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # the descriptor of the listing itself
        if target.startswith("socket:"):
            yield target, f"{target} (descriptor {entry.name}) {_address(target)}"


def _address(target: str) -> str:
    """The local address of a TCP or UDP socket, as /proc/net writes it, for the message only."""
    inode = target.removeprefix("socket:[").removesuffix("]")
    for table in ("tcp", "tcp6", "udp"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[9] == inode:
                local, remote = columns[1].rsplit(":", 1)[1], columns[2].rsplit(":", 1)[1]
                return f"{table} port {int(local, 16)} to {int(remote, 16)}"
    return ""
