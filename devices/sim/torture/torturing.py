"""`campus-sim torture`: benches and a whole campus beside each other, until enough was killed or one broke."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from devices.model.errors import CampusError, Refused
from devices.sim.torture.bench import Bench
from devices.sim.torture.report import Part, Report
from devices.sim.torture.shim import built, compiler
from devices.sim.torture.whole import VICTIMS, Whole

TELL_S: Final = 30.0
LIVES_SHOWN: Final = 8
FOR_EVER_S: Final = 1e9


async def run_benches(
    folder: Path,
    seed: int,
    *,
    kills: int,
    benches: int = 2,
    seconds: float = FOR_EVER_S,
    kills_between: int = 25,
    drain_s: float = 60.0,
    shim: bool = True,
    environment: Mapping[str, str] | None = None,
    enough: asyncio.Event | None = None,
) -> list[Part]:
    """Torture agents on benches beside each other; every second one has its clock set, too.

    Raises:
        Refused: the shim cannot be built.
    """
    library = built(folder) if shim else None
    found = {
        f"bench {number}": Bench(
            folder / f"bench-{number}",
            library,
            f"{seed}.{number}",
            clock=number % 2 == 1,
            kills_between=kills_between,
            drain_s=drain_s,
            environment=environment,
        )
        for number in range(benches)
    }
    until_s = time.monotonic() + seconds
    telling = asyncio.create_task(_tell(found), name="torture telling")
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, bench in enumerate(found.values()):
                share = kills // benches + (number < kills % benches)
                tasks.create_task(bench.run(share, until_s, enough))
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return [_part(name, bench) for name, bench in found.items()]


async def run_campus(
    folder: Path,
    seed: int,
    *,
    kills: int,
    seconds: float = FOR_EVER_S,
    kills_between: int = 25,
    settle_s: float = 120.0,
    victims: Sequence[str] = VICTIMS,
    shim: bool = True,
    environment: Mapping[str, str] | None = None,
    enough: asyncio.Event | None = None,
) -> list[Part]:
    """Torture hub, broker and agent of a whole campus.

    Raises:
        Refused: the shim cannot be built.
        Unreachable: the campus does not start.
    """
    if kills < 1:
        return []
    folder = folder / "campus"
    folder.mkdir()
    library = built(folder) if shim else None
    whole = Whole(
        folder,
        library,
        f"{seed}.campus",
        kills_between=kills_between,
        settle_s=settle_s,
        victims=victims,
        environment=environment,
    )
    await whole.run(kills, time.monotonic() + seconds, enough)
    lives = [f"{number}: {life}" for number, life in enumerate(whole.lives, 1)][-LIVES_SHOWN:]
    count = whole.kills.total()
    return [Part("campus", count, whole.figures, whole.oracle.violations, lives, str(folder))]


def _part(name: str, bench: Bench) -> Part:
    counts = bench.oracle.counts
    figures = {
        **bench.tally.as_json(),
        "messages": counts.told,
        "records": counts.records,
        "repeats": counts.repeats,
        "alert_events": counts.alerts,
    }
    lives = [f"{number}: {life}" for number, life in enumerate(bench.lives, 1)][-LIVES_SHOWN:]
    kills = figures.pop("kills")
    return Part(name, kills, figures, bench.oracle.violations, lives, str(bench.folder))


async def _tell(benches: Mapping[str, Bench]) -> None:
    began_s = time.monotonic()
    while True:
        await asyncio.sleep(TELL_S)
        kills = sum(bench.tally.kills for bench in benches.values())
        told = sum(bench.oracle.counts.told for bench in benches.values())
        print(f"{time.monotonic() - began_s:6.0f} s  {kills} kills, {told} messages", flush=True)  # noqa: T201 - for who waits


async def _run(folder: Path, seed: int, options: argparse.Namespace, *, shim: bool) -> list[Part]:
    seconds = FOR_EVER_S if options.minutes is None else options.minutes * 60
    enough = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, enough.set)
    async with asyncio.TaskGroup() as tasks:
        benches = tasks.create_task(
            run_benches(
                folder,
                seed,
                kills=options.kills,
                benches=options.benches,
                seconds=seconds,
                shim=shim,
                enough=enough,
            )
        )
        campus = tasks.create_task(
            run_campus(folder, seed, kills=options.campus, seconds=seconds, shim=shim, enough=enough)
        )
    return [*benches.result(), *campus.result()]


def _leaves(errors: BaseExceptionGroup[CampusError]) -> Iterator[CampusError]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def torture(options: argparse.Namespace) -> str:
    """Run it all, and return what was found.

    Raises:
        Refused: a promise was broken, with all that is known of it; or nothing could be tortured.
    """
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    again = f"--seed {seed} --kills {options.kills} --benches {options.benches} --campus {options.campus}"
    report = Report(seed, f"campus-sim torture {again}")
    print(f"seed {seed}", flush=True)  # noqa: T201 - told before anything can go wrong
    shim = not options.no_shim
    if shim and compiler() is None:
        print("no C compiler: power cuts, full disks and clock steps are left out", file=sys.stderr)  # noqa: T201 - as above
        shim = False
    folder = Path(tempfile.mkdtemp(prefix="campus-torture-", dir=options.folder))
    began_s = time.monotonic()
    try:
        report.parts = asyncio.run(_run(folder, seed, options, shim=shim))
    except* CampusError as errors:
        raise Refused("; ".join(map(str, _leaves(errors)))) from None
    report.seconds = time.monotonic() - began_s
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(), indent=1) + "\n", "utf-8")
    if not report.is_clean:
        raise Refused(str(report))
    shutil.rmtree(folder)
    return str(report)
