"""What every test shares: servers it may need, a leak check, free ports and a clock that stands still."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests import ports
from tests.fake_clock import FakeClock
from tests.leaks import held, leaked_since

# How long an example takes says how busy the machine is; every test has a time-out of its own. Examples follow from
# the test, so that two runs of one state of the code say the same; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("explore", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.register_profile("campuswatch", settings.get_profile("explore"), derandomize=True)
settings.load_profile("campuswatch")

#: Servers a test may name in ``@pytest.mark.needs(...)``, and the programs that stand for them.
SERVERS = {
    "cc": ("cc", "gcc"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "gst-rtsp-server": ("python3",),  # a library, driven by Debian's own Python
    "mosquitto": ("mosquitto",),
    "nats-server": ("nats-server",),
    "victoria-metrics": ("victoria-metrics",),
}
#: What a server's driver needs beside it: Playwright's does not start without this library.
LIBRARIES = {"chromium": "libatomic.so.1"}
#: Files below /usr/lib without which a server that is a library cannot be used.
FILES = {
    "gst-rtsp-server": (
        *("*/girepository-1.0/GstRtspServer-1.0.typelib", "python3/dist-packages/gi/__init__.py"),
        *("*/gstreamer-1.0/libgstrtp.so", "*/gstreamer-1.0/libgstisomp4.so"),
    )
}
#: Whole programs and browsers: one after the other on one worker, so that they do not disturb each other.
WHOLE_SYSTEM = ("tests/campus/", "tests/console/")


def find_server(name: str) -> str | None:
    """The path of a server's program, also where Debian hides it from people who are not root."""
    beside_python = Path(sys.executable).parent
    path = os.pathsep.join([str(beside_python), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return next((found for program in SERVERS[name] if (found := shutil.which(program, path=path))), None)


def missing(name: str) -> str | None:
    """Why a server cannot be used here; None where it can."""
    if find_server(name) is None:
        return f"{name} is not installed"
    absent = next((file for file in FILES.get(name, ()) if not any(Path("/usr/lib").glob(file))), None)
    if absent is not None:
        return f"{absent} of {name} is not installed"
    library = LIBRARIES.get(name)
    if library is not None:
        try:
            ctypes.CDLL(library)
        except OSError:
            return f"{library} is not installed, which {name} is driven with"
    return None


def must_have_servers() -> bool:
    """Where `make test` could install what is missing, a missing server is a failure, not a gap."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"} and (
        os.geteuid() == 0 and Path("/etc/debian_version").exists()
    )


def is_whole_system(nodeid: str) -> bool:
    """Say whether a test starts whole programs or a browser."""
    return nodeid.startswith(WHOLE_SYSTEM)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole-system tests first: they take longest."""
    items.sort(key=lambda item: not is_whole_system(item.nodeid))


class Spread(LoadScopeScheduling):
    """Whole-system tests together on one worker; every other file stays together.

    The marks that xdist has for this (`loadgroup`) are without effect from pytest 9.1 on.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "whole-system" if is_whole_system(nodeid) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spread:
    """Spread tests over workers in our own way."""
    return Spread(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test out, with the reason, where a server it needs is not installed."""
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            reason = missing(name)
            if reason is None:
                continue
            if must_have_servers():
                pytest.fail(f"{reason}, and here it must be (see .ci/prepare)", pytrace=False)
            pytest.skip(reason)


@pytest.fixture
def server_program() -> Callable[[str], str]:
    """Path of a server's program by the name used in ``@pytest.mark.needs``."""

    def path(name: str) -> str:
        found = find_server(name)
        assert found is not None, f"mark the test with @pytest.mark.needs({name!r})"
        return found

    return path


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Gives a loopback TCP port that nothing listens on; prefer port 0 where the program takes it."""
    return ports.free_port


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when the test moves it."""
    return FakeClock()


@pytest.fixture(autouse=True)
def leak_check(request: pytest.FixtureRequest) -> None:
    """Every async test fails that leaves a task, a thread, a process or a socket behind."""
    if request.node.get_closest_marker("asyncio") is not None:
        request.getfixturevalue("nothing_left_behind")


@pytest.fixture
async def nothing_left_behind() -> AsyncIterator[None]:
    """Torn down last, so the test's own fixtures are covered too."""
    async with left_behind():
        yield


@asynccontextmanager
async def left_behind() -> AsyncIterator[None]:
    """Compares what is held before and after."""
    before = held()
    yield
    left = await leaked_since(before)
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)
