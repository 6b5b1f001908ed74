"""`campus-hub`: runs the hub, checks its settings, lets agents in, helps people who are locked out."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import logging
import os
import signal
import socket
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

from devices.campus.loading import load_campus
from devices.campus.plans_loading import load_plans
from devices.model.errors import CampusError, ConfigRefused, Refused
from hub.accounts import passwords
from hub.app import now_us, run
from hub.broker import hashed, new_password
from hub.db import Database
from hub.settings import EmbeddedBrokerSettings, HubSettings, load_settings
from hub.upkeep.admission import FIELD, may_enrol
from hub.upkeep.errands import Dismiss, Enrol, ResetPassword, do, leave, wait_until_done
from hub.upkeep.folder import owned

#: Exit codes: something failed; the settings or the request have to be changed.
FAILED: Final = 1
REFUSED: Final = 2
#: How long a running hub has for an errand.
ERRAND_S: Final = 15.0

EPILOG: Final = """
Begin:  campus-hub check --config hub.yaml      says what is wrong with the file, all of it
        campus-hub enrol edge-1 --config hub.yaml --out edge-1.json
                                                makes the file that the gateway signs in with
        campus-hub run --config hub.yaml        runs until SIGTERM or Ctrl-C

At the first start the log shows a token, which also stands in DATA_DIR/first-run-token. Whoever has it makes
the first administrator in the console. Exit code 2: the settings or the request have to be changed.
"""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(options.config)
        _log_to_stderr(settings.log)
        code: int = options.work(options, settings)
    except ConfigRefused as refused:
        print(f"{len(refused.problems)} problem(s):", *refused.problems, sep="\n  ", file=sys.stderr)
        return REFUSED
    except Refused as refused:
        print(f"campus-hub: {refused}", file=sys.stderr)
        return REFUSED
    except (CampusError, OSError) as error:
        print(f"campus-hub: {error}", file=sys.stderr)
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campus-hub",
        description="园区卫士 Campuswatch: the server behind the control room.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"campus-hub {version('campuswatch')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, said: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=said, description=said)
        added.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.yaml")
        return added

    command("run", "run the hub until SIGTERM or Ctrl-C").set_defaults(work=_run)
    command("check", "check the settings and the site file; prints every problem").set_defaults(work=_check)
    enrol = command("enrol", "let an agent in: makes the file that it signs in to the broker with")
    enrol.add_argument("agent", metavar="AGENT", help="an agent of the site file, `field` or `history`")
    enrol.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: AGENT.json)")
    enrol.add_argument(
        "--tls-ca", type=Path, metavar="PATH", help="where the broker's CA stands on the gateway"
    )
    enrol.set_defaults(work=_enrol)
    dismiss = command("dismiss", "let an agent in no more")
    dismiss.add_argument("agent", metavar="AGENT")
    dismiss.set_defaults(work=_dismiss)
    reset = command("reset-password", "give a person another password, read from the terminal or stdin")
    reset.add_argument("user", metavar="USER")
    reset.set_defaults(work=_reset_password)
    return parser


def _run(_options: argparse.Namespace, settings: HubSettings) -> int:
    async def until_told() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run(settings, stop)

    os.umask(0o077)  # whatever the hub writes is its own
    asyncio.run(until_told())
    return 0


def _check(options: argparse.Namespace, settings: HubSettings) -> int:
    campus = load_campus(settings.site)
    load_plans(settings.site, campus)
    print(
        f"{options.config}: good; {settings.site}: {len(campus.devices)} devices, {len(campus.rules)} rules"
    )
    return 0


def _enrol(options: argparse.Namespace, settings: HubSettings) -> int:
    broker = settings.broker
    if not isinstance(broker, EmbeddedBrokerSettings):
        raise Refused("the broker is an external one: make the account there (see docs), not here")
    _known_agent(options.agent, settings)
    path: Path = options.out or Path(f"{options.agent}.json")
    if path.exists():
        raise Refused(f"{path} exists; remove it first, its password will no longer work")
    password = new_password()
    _have_done(settings, Enrol(agent=options.agent, password_hash=hashed(password)))
    credentials = {
        "agent": "" if options.agent == FIELD else options.agent,
        "host": broker.public_host or _reachable(broker.host),
        "port": broker.port,
        "username": options.agent,
        "password": password,
        "tls_ca": None if options.tls_ca is None else str(options.tls_ca),
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(credentials, indent=1) + "\n")
    print(f"{path}: copy it to the gateway, readable by its agent alone, and name it in the agent's settings")
    return 0


def _dismiss(options: argparse.Namespace, settings: HubSettings) -> int:
    _have_done(settings, Dismiss(agent=options.agent))
    print(f"{options.agent} can no longer connect")
    return 0


def _reset_password(options: argparse.Namespace, settings: HubSettings) -> int:
    password = getpass.getpass("new password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    passwords.check(password, options.user)
    _have_done(settings, ResetPassword(user=options.user, password_hash=passwords.hashed(password)))
    print(f"{options.user} has a new password; all sessions of {options.user} have ended")
    return 0


def _have_done(settings: HubSettings, errand: Enrol | Dismiss | ResetPassword) -> None:
    """Do an errand here, or let the hub do it that owns the data folder."""
    try:
        with owned(settings.data_dir):
            asyncio.run(_do_here(settings, errand))
            return
    except Refused:
        if not (settings.data_dir / "hub.lock").exists():
            raise
    wait_until_done(leave(settings.data_dir, errand), ERRAND_S)


async def _do_here(settings: HubSettings, errand: Enrol | Dismiss | ResetPassword) -> None:
    async with Database(settings.database_url) as db:
        await db.write(lambda c: do(c, errand, now_us()))


def _known_agent(agent: str, settings: HubSettings) -> None:
    known = may_enrol(load_campus(settings.site))
    if agent not in known:
        raise Refused(f"{agent} is no agent of {settings.site}; there are: {', '.join(known)}")


def _reachable(host: str) -> str:
    return socket.getfqdn() if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


def _log_to_stderr(level: str) -> None:
    form = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    form.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
