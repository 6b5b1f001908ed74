"""`campus-sim`: arguments only."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from devices.model.errors import CampusError
from devices.sim import commands
from devices.sim.control import PORT

ABOUT = """\
The simulated campus: devices that speak Modbus TCP, MQTT and HTTP as real ones do, with faults on command.

  campus-sim check --site config/demo/site.yaml      does everything fit together?
  campus-sim run --site config/demo/site.yaml        run it (Ctrl-C ends it)
  campus-sim faults                                  what can go wrong, and which alert answers
  campus-sim fault hq1-pump-1 manual --for 60        make it go wrong for a minute
  campus-sim clear hq1-pump-1                        make it right again
  campus-sim torture --kills 1000                    kill real agents, cut their power, count what is lost
"""
FIELD = "host:port of the broker that doors and radars publish to; without it they are quiet"
CREDENTIALS = "file with host, port, username, password (mode 600); else CAMPUS_FIELD_USERNAME and _PASSWORD"
VIEWER = "its password is asked of `viewer`, who alone may watch RTSP streams; without it everybody may"
AS_IF = "people behave as if it were this local time, such as 2026-11-23T09:10; device clocks stay right"


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    top = argparse.ArgumentParser(
        "campus-sim", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _running(sub.add_parser("run", help="run the simulated campus until Ctrl-C"))
    _site(sub.add_parser("check", help="check site file and scenario, say every problem"))
    fault = _asking(sub.add_parser("fault", help="make a device or link go wrong"))
    fault.add_argument("target", metavar="DEVICE", help="id of a device or link in the site file")
    fault.add_argument("kind", metavar="KIND", help="see `campus-sim faults`")
    fault.add_argument("--for", dest="for_s", type=float, metavar="S", help="end it after S seconds")
    fault.add_argument("--value", type=float, metavar="V", help="what the kind takes, such as km/h")
    clear = _asking(sub.add_parser("clear", help="end the faults of a device or link"))
    clear.add_argument("target", metavar="DEVICE", help="id of a device or link, or `all`")
    clear.add_argument("--kind", metavar="KIND", help="only this fault")
    faults = _asking(sub.add_parser("faults", help="list the kinds of faults and what they provoke"))
    faults.add_argument("--active", action="store_true", help="those that are active now")
    ledger = _asking(sub.add_parser("ledger", help="what was answered, published and served, as JSON"))
    ledger.add_argument("--out", type=Path, metavar="FILE", help="write it there")
    _asking(sub.add_parser("status", help="links, ports and connections of the running simulator"))
    site = sub.add_parser("site", help="write the demo campus's site file and tables")
    site.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    _history(sub.add_parser("history", help="send the hub a plausible past, in the background"))
    _torture(
        sub.add_parser(
            "torture", help="kill the real programs again and again, and prove that nothing is lost"
        )
    )
    return top


def _site(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--site", type=Path, default=Path("config/demo/site.yaml"), metavar="FILE")
    command.add_argument("--scenario", type=Path, metavar="FILE", help="time line of faults")
    return command


def _running(command: argparse.ArgumentParser) -> None:
    _site(command)
    command.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same campus")
    command.add_argument("--field-broker", metavar="HOST:PORT", help=FIELD)
    command.add_argument("--credentials", type=Path, metavar="FILE", help=CREDENTIALS)
    command.add_argument("--viewer-password", type=Path, metavar="FILE", help=VIEWER)
    command.add_argument("--control", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT", help="loopback only")
    command.add_argument("--as-if", metavar="TIME", help=AS_IF)
    command.add_argument("--memory", type=Path, metavar="FILE", help="keeps meter registers between runs")
    command.add_argument("--ledger", type=Path, metavar="FILE", help="written at the end and on request")


def _asking(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--control", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT")
    return command


def _history(command: argparse.ArgumentParser) -> None:
    command.add_argument("--site", type=Path, default=Path("config/demo/site.yaml"), metavar="FILE")
    command.add_argument("--seed", type=int, default=1, metavar="N", help="as the running simulator's")
    command.add_argument("--days", type=float, default=30.0, metavar="D", help="how far back (default 30)")
    command.add_argument("--credentials", type=Path, required=True, metavar="FILE", help="of its agent id")
    command.add_argument("--agent", default="history", metavar="ID", help="agent id it sends as")
    command.add_argument(
        "--journal", type=Path, metavar="FILE", help="how far it is (default: beside the credentials)"
    )


def _torture(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kills", type=int, default=1000, metavar="N", help="of agents (default 1000)")
    command.add_argument(
        "--campus", type=int, default=50, metavar="N", help="of hub, broker and agent together (default 50)"
    )
    command.add_argument("--minutes", type=float, metavar="M", help="but no longer than this")
    command.add_argument("--seed", type=int, metavar="S", help="of an earlier run, which printed it")
    command.add_argument("--benches", type=int, default=4, metavar="B", help="agents at once (default 4)")
    command.add_argument(
        "--folder", type=Path, metavar="DIR", help="where it works (default: that of the system)"
    )
    command.add_argument("--no-shim", action="store_true", help="kills only: leave disk and clock alone")
    command.add_argument("--json", type=Path, metavar="FILE", help="write what was found there, too")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 2 a mistake that a person must put right."""
    options = parser().parse_args(arguments)
    try:
        text = commands.COMMANDS[options.command](options)
    except CampusError as error:
        print(f"campus-sim: {error}", file=sys.stderr)
        return 2
    if text:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
