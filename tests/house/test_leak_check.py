"""The leak check finds what it is there to find, and nothing that was there before."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading

from tests.leaks import held, leaked_since


async def test_a_test_that_leaves_nothing_is_clean() -> None:
    before = held()
    await asyncio.sleep(0)
    assert await leaked_since(before, grace_s=0) == []


async def test_a_task_still_running_is_named() -> None:
    before = held()
    task = asyncio.create_task(asyncio.sleep(60), name="forgotten")
    lines = await leaked_since(before, grace_s=0)
    task.cancel()
    assert [line for line in lines if line.startswith("task") and "forgotten" in line]


async def test_a_task_that_ends_within_the_grace_is_no_leak() -> None:
    before = held()
    task = asyncio.create_task(asyncio.sleep(0.01))
    assert await leaked_since(before, grace_s=5) == []
    assert task.done()


async def test_a_thread_still_running_is_named() -> None:
    before = held()
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten-thread")
    thread.start()
    lines = await leaked_since(before, grace_s=0)
    end.set()
    thread.join()
    assert lines == ["thread still running: forgotten-thread"]


async def test_a_child_process_is_named_with_its_command() -> None:
    before = held()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    lines = await leaked_since(before, grace_s=0)
    assert child.stdin is not None
    child.stdin.close()
    await child.wait()
    assert [line for line in lines if line.startswith("child process") and str(child.pid) in line]


async def test_what_a_process_from_before_starts_is_its_own_and_what_a_new_one_starts_is_named() -> None:
    starts_one = "import subprocess as s; input(); print(s.Popen(['sleep', '60']).pid, flush=True); input()"
    nothing = held()
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", starts_one), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    with_parent = held()
    parent.stdin.write(b"\n")
    child = int(await parent.stdout.readline())
    from_before, new = [await leaked_since(before, grace_s=0) for before in (with_parent, nothing)]
    os.kill(child, signal.SIGKILL)
    await parent.communicate(b"\n")
    assert from_before == []
    assert len([line for line in new if f"there: {child} " in line]) == 1


async def test_an_open_socket_is_named_with_its_port() -> None:
    before = held()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        lines = await leaked_since(before, grace_s=0)
        port = server.getsockname()[1]
    assert len(lines) == 1
    assert f"port {port}" in lines[0]
