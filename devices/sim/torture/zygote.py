"""A warm parent of the program under test: it has loaded everything, and each start is a fork.

    python -m devices.sim.torture.zygote MODULE [WARMING ...]

It loads MODULE, as `python -m MODULE` would, calls its `main` with the warming arguments, so that what the program
keeps of its own data sheets is there already, and waits. A line `{"arguments": [...], "log": "file"}` on its
input forks a child that calls the module's `main(arguments)`; `{"pid": n}` comes back, and `{"dead": n,
"code": c}` when that child has ended. It imports no program itself: it is told which.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

PR_SET_PDEATHSIG: Final = 1
#: Exit code of a program that let an exception through.
CRASHED: Final = 70


def main(module: str, warming: list[str]) -> None:
    """Serve until the input ends; then kill what still runs."""
    called: Callable[[list[str]], int] = importlib.import_module(module).main
    if warming:
        with contextlib.redirect_stdout(sys.stderr):
            called(warming)
    gc.collect()
    gc.freeze()  # what is loaded is shared with the children, untouched
    alarm, ring = os.pipe()
    for end in (alarm, ring):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _tell({"ready": os.getpid()})
    children: set[int] = set()
    while True:
        ready, _, _ = select.select([0, alarm], [], [])
        if alarm in ready:
            os.read(alarm, 1024)
            _tell_the_dead(children)
        if 0 in ready:
            line = sys.stdin.readline()
            if not line:
                break
            children.add(_fork(called, json.loads(line)))
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _fork(called: Callable[[list[str]], int], order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        _tell({"pid": pid})
        return pid
    code = CRASHED
    try:
        _become(order["log"])
        code = int(called(list(order["arguments"])))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # boundary: the end of a process; its trace goes to its log
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(log: str) -> None:
    """Be a process of its own, as if it had been started by a shell."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    null, file = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _tell_the_dead(children: set[int]) -> None:
    for pid in list(children):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            children.discard(pid)
            _tell({"dead": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(words: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
