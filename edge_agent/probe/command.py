"""`campus-edge probe`: a unit on a link of its own, read and shown, or held against a profile."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from pathlib import Path
from typing import Any, Final, Self

from devices.campus.modbus_links import ModbusLink, ModbusRtuTcpLink, ModbusSerialLink, ModbusTcpLink
from devices.model.errors import ConfigRefused, Problem, Refused
from devices.profiles.library import load_sheets, shipped
from devices.profiles.profile import Profile, Table
from devices.profiles.strict import M, parse
from edge_agent.probe.answer import probe
from edge_agent.probe.asked import CheckAsked, ProbeAsked, spans_text
from edge_agent.probe.checking import check
from edge_agent.probe.reading import Asker, Manners
from edge_agent.probe.screen import check_table, probe_table
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.ways import way_of
from edge_agent.sources.modbus.worker import LinkWorker
from edge_agent.sources.port import SystemClock

RTU: Final = "rtu://"
MODBUS_PORT: Final = 502
ABOUT: Final = """\
read a Modbus unit and show what its registers may mean, or hold a profile against it; it is only read

  campus-edge probe 192.0.2.10 --unit 3 --table input --range 0-79 --write found.yaml
  campus-edge probe /dev/ttyUSB0 --baud 9600 --frame 8E1 --unit 3 --range 0x2000-0x2047
  campus-edge probe 192.0.2.10 --unit 3 --check eastron-sdm630
"""


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the program's own."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "probe",
        help="read a live Modbus unit: what its registers may mean, or whether a profile fits",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "target", help="host[:port] (Modbus TCP), rtu://host:port (RTU over TCP), or a serial port"
    )
    parser.add_argument("--unit", type=int, default=1, help="Modbus unit id (default 1)")
    parser.add_argument("--table", choices=[table.value for table in Table], default="holding")
    parser.add_argument(
        "--range", dest="ranges", action="append", metavar="FIRST-LAST", help="addresses from 0, such as 0-99"
    )
    parser.add_argument("--looks", type=int, default=2, help="how often it is looked at (default 2)")
    parser.add_argument("--wait", type=float, default=3.0, metavar="S", help="between two looks (default 3)")
    parser.add_argument("--rate", type=float, default=10.0, help="requests a second (default 10)")
    parser.add_argument("--most", type=int, default=32, help="registers in one request (default 32)")
    parser.add_argument("--requests", type=int, default=400, help="requests in all (default 400)")
    parser.add_argument("--timeout", type=float, default=1.0, metavar="S", help="for one answer (default 1)")
    parser.add_argument("--baud", type=int, default=9600, help="of a serial port (default 9600)")
    parser.add_argument("--frame", default="8N1", help="of a serial port (default 8N1)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write a profile to start from")
    parser.add_argument("--check", metavar="PROFILE", help="a profile that is shipped, or a file")
    parser.add_argument("--index", type=int, default=0, help="unit behind a gateway, for --check")
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=NUMBER", help="of the profile, for --check"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def run(options: argparse.Namespace) -> tuple[int, str]:
    """Probe or check: 0, or 1 where a check found something wrong, and what to print.

    Raises:
        ConfigRefused: an option or the profile cannot be used.
        Unreachable: nobody answers.
    """
    link = _link(options)
    _polite(options)
    if options.check is not None:
        profile = _profile(options.check)
        given = {
            "unit": options.unit,
            "check": profile.profile,
            "index": options.index,
            "wait_s": options.wait,
        }
        given["parameters"] = dict(_parameter(text) for text in options.parameter)
        answer = asyncio.run(_checked(link, profile, _of(CheckAsked, given), options))
        return int(answer["wrong"] > 0), _json(answer) if options.json else check_table(answer)
    if options.write is not None and options.write.exists():
        raise _wrong("--write", str(options.write), "a file that is not there yet")
    ranges = [_span(text) for text in options.ranges or ["0-99"]]
    given = {"unit": options.unit, "table": options.table, "ranges": ranges}
    asked = _of(ProbeAsked, given | {"looks": options.looks, "wait_s": options.wait})
    answer = asyncio.run(_probed(link, asked, options))
    if options.write is not None:
        _write(options.write, answer["draft"])
    return 0, _json(answer) if options.json else probe_table(answer)


def _polite(options: argparse.Namespace) -> None:
    limits = {"rate": (0.01, 1000.0), "most": (1, 125), "requests": (1, 10_000)}
    for name, (low, high) in limits.items():
        value = getattr(options, name)
        if not low <= value <= high:
            raise _wrong(f"--{name}", str(value), f"{low:g}..{high:g}")


async def _probed(link: ModbusLink, asked: ProbeAsked, options: argparse.Namespace) -> dict[str, Any]:
    async with _Line(link, options) as line:
        return await probe(line.asker, asked, line.manners, line.clock.sleep, line.clock.now_us())


async def _checked(
    link: ModbusLink, profile: Profile, asked: CheckAsked, options: argparse.Namespace
) -> dict[str, Any]:
    async with _Line(link, options) as line:
        return await check(line.asker, profile, asked, line.clock.sleep, line.clock.now_us())


class _Line:
    """A link of the command's own, on which nothing is polled."""

    def __init__(self, link: ModbusLink, options: argparse.Namespace) -> None:
        settings, self.clock = ModbusSettings(), SystemClock()
        self._worker = LinkWorker(link, (), settings, self.clock, random.random, way_of(link, settings))
        self.manners = Manners(
            options.most, options.rate, options.requests, settings.connect_timeout_s + 2 * link.timeout_s
        )
        self.asker = Asker(self._worker.ask, options.unit, self.manners, self.clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._worker.close()


def _link(options: argparse.Namespace) -> ModbusLink:
    own: dict[str, Any] = {"id": "probe", "agent": "probe", "name": {"zh": "探测", "en": "probe"}}
    own["timeout_s"] = options.timeout
    target = options.target
    if target.startswith(RTU):
        host, port = _place(target.removeprefix(RTU), None)
        return _of(ModbusRtuTcpLink, own | {"kind": "modbus-rtu-tcp", "host": host, "port": port})
    if "/" in target:
        serial = {"path": target, "baud": options.baud, "frame": options.frame}
        return _of(ModbusSerialLink, own | {"kind": "modbus-serial"} | serial)
    host, port = _place(target, MODBUS_PORT)
    return _of(ModbusTcpLink, own | {"kind": "modbus-tcp", "host": host, "port": port})


def _place(text: str, usual: int | None) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon and usual is not None:
        return text, usual
    if not port.isdecimal():
        raise _wrong("target", text, "host:port")
    return host, int(port)


def _of(model: type[M], values: dict[str, Any]) -> M:
    return parse(values, model, "command line")


def _span(text: str) -> tuple[int, int]:
    try:
        return spans_text(text)
    except ValueError:
        raise _wrong("--range", text, "FIRST-LAST within 0..65535, such as 0-99") from None


def _parameter(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise _wrong("--parameter", text, "NAME=NUMBER, such as ct=40") from None


def _profile(name: str) -> Profile:
    if name in shipped():
        return shipped()[name]
    path = Path(name)
    if not path.suffix:
        raise _wrong("--check", name, "a shipped profile or a file that ends in .yaml")
    return load_sheets([path])[path.stem]


def _write(path: Path, draft: str) -> None:
    if not draft:
        raise ConfigRefused([Problem(str(path), "-", "nothing that stands out", "registers to describe")])
    lines = draft.splitlines()
    try:
        path.write_text("\n".join([f"profile: {path.stem}", *lines[1:]]) + "\n", "utf-8")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from None
    load_sheets([path])  # its name may not be one


def _wrong(option: str, found: str, expected: str) -> ConfigRefused:
    return ConfigRefused([Problem("command line", option, repr(found), expected)])


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
