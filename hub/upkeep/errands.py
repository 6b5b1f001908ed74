"""What is asked of a running hub from its own command line: a file in a folder of its own, done and removed.

Only one process may write the database. So `campus-hub enrol` beside a running hub leaves an errand, and
the hub does it; without a running hub the command does it itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import Connection

from devices.model.errors import CampusError, Refused, Unreachable
from devices.profiles.strict import Strict
from hub.accounts import people
from hub.db import Database
from hub.db.audit import Act, Actor, record
from hub.gateways import roster

_log = logging.getLogger(__name__)

FOLDER: Final = "errands"
LOOK_S: Final = 1.0
#: Who acts, in the audit trail: whoever may use the hub's own account on its machine.
CONSOLE: Final = Actor("console", "admin")


class Enrol(Strict):
    """Let an agent in."""

    kind: Literal["enrol"] = "enrol"
    agent: str
    password_hash: str


class Dismiss(Strict):
    """Let an agent in no more."""

    kind: Literal["dismiss"] = "dismiss"
    agent: str


class ResetPassword(Strict):
    """Give a person another password."""

    kind: Literal["reset-password"] = "reset-password"
    user: str
    password_hash: str


Errand = Annotated[Enrol | Dismiss | ResetPassword, Field(discriminator="kind")]
_ERRAND: Final = TypeAdapter[Enrol | Dismiss | ResetPassword](Errand)


def do(connection: Connection, errand: Enrol | Dismiss | ResetPassword, now_us: int) -> None:
    """Do an errand, in one transaction with its row in the audit trail.

    Raises:
        NotFound: nobody has that name.
    """
    match errand:
        case Enrol(agent=agent, password_hash=password_hash):
            roster.enrol(connection, agent, agent, password_hash, now_us)
            record(connection, CONSOLE, Act("agent.enrol", agent), now_us)
        case Dismiss(agent=agent):
            roster.dismiss(connection, agent)
            record(connection, CONSOLE, Act("agent.dismiss", agent), now_us)
        case ResetPassword(user=user, password_hash=password_hash):
            people.set_password(connection, user, password_hash, CONSOLE, now_us)


def leave(data_dir: Path, errand: Enrol | Dismiss | ResetPassword) -> Path:
    """Leave an errand for the hub that runs."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{secrets.token_hex(8)}.json"
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(errand.model_dump_json().encode())
    draft.rename(path)
    return path


def wait_until_done(path: Path, within_s: float) -> None:
    """Wait until the hub has done an errand.

    Raises:
        Refused: it says no; with its reason.
        Unreachable: it did not get to it.
    """
    end = time.monotonic() + within_s
    while path.exists():
        if time.monotonic() > end:
            path.unlink(missing_ok=True)
            raise Unreachable("the hub that runs did not take the errand")
        time.sleep(0.1)
    refused = path.with_suffix(".refused")
    if refused.exists():
        reason = refused.read_text("utf-8")
        refused.unlink()
        raise Refused(reason)


class Errands:
    """Does what is left in the folder.

    Args:
        on_agents: awaited after the agents that may connect have changed.
        on_user: told whose pages must end.
    """

    def __init__(
        self,
        data_dir: Path,
        db: Database,
        now_us: Callable[[], int],
        on_agents: Callable[[], Awaitable[None]],
        on_user: Callable[[str], None],
    ) -> None:
        self._folder = data_dir / FOLDER
        self._db = db
        self._now_us = now_us
        self._on_agents = on_agents
        self._on_user = on_user

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look into the folder now and then, for ever."""
        while True:
            for path in sorted(self._folder.glob("*.json")):
                await self._take(path)
            await sleep(LOOK_S)

    async def _take(self, path: Path) -> None:
        try:
            errand = _read(path)
            await self._db.write(lambda c: do(c, errand, self._now_us()))
            if isinstance(errand, ResetPassword):
                self._on_user(errand.user)
            else:
                await self._on_agents()
        except Unreachable as error:
            _log.warning("an errand waits: %s", error)
            return
        except (CampusError, ValidationError) as error:
            _log.warning("an errand was refused: %s", error)
            _finish(path, str(error))
            return
        _finish(path)


def _read(path: Path) -> Enrol | Dismiss | ResetPassword:
    return _ERRAND.validate_json(path.read_bytes())


def _finish(path: Path, refusal: str = "") -> None:
    if refusal:
        path.with_suffix(".refused").write_text(refusal, "utf-8")
    path.unlink(missing_ok=True)
