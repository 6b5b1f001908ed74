"""What `docs/profile.md` says is so: its examples load and hold, and it explains every key there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from devices.model.codes import CODES
from devices.model.units import CONVERSIONS
from devices.profiles.dlt645_sheet import Block, Dlt645Point, Dlt645Sheet, Dlt645Vector
from devices.profiles.library import load_sheets
from devices.profiles.profile import (
    BytesVector,
    Counter,
    DeviceKind,
    JsonPoint,
    JsonSheet,
    JsonVector,
    ModbusSheet,
    Order,
    Point,
    Profile,
    RadarBytesSheet,
    RegisterPoint,
    Serial,
    SnapshotSheet,
    Table,
    Type,
    Vector,
)
from devices.profiles.streams import StreamSheet
from devices.profiles.writes import Copied, Writable
from tests.devices.profiles.slow_decoder import from_json, from_words
from tests.devices.profiles.slow_dlt645 import from_frame

PAGE = (Path(__file__).parents[3] / "docs" / "profile.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EXPLAINED = set(re.findall(r"`([^`\n]+)`", PAGE))
MODELS: list[type[BaseModel]] = [
    *(Profile, Point, RegisterPoint, JsonPoint, Counter, Serial, Vector, JsonVector, BytesVector),
    *(ModbusSheet, JsonSheet, RadarBytesSheet, SnapshotSheet, StreamSheet),
    *(Writable, Copied, Dlt645Sheet, Dlt645Point, Block, Dlt645Vector),
]


def loaded(tmp_path: Path, text: str) -> Profile:
    name = re.match(r"profile: (\S+)", text)
    assert name
    path = tmp_path / f"{name.group(1)}.yaml"
    path.write_text(text, "utf-8")
    return load_sheets([path])[name.group(1)]


def test_there_is_an_example_of_each_protocol_that_a_user_writes(tmp_path: Path) -> None:
    kinds = [loaded(tmp_path, text).sheet.kind for text in EXAMPLES]
    assert set(kinds) == {"modbus", "dlt645", "json", "snapshot"}


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split()[1])
def test_example_loads_and_its_vectors_hold(tmp_path: Path, text: str) -> None:
    sheet = loaded(tmp_path, text).sheet
    if isinstance(sheet, ModbusSheet):
        points = {point.name: point for point in sheet.points}
        for vector in sheet.vectors:
            value = from_words(points[vector.point], vector.words, sheet.parameters)
            assert value == (None if vector.value is None else pytest.approx(vector.value)), vector
    elif isinstance(sheet, Dlt645Sheet):
        for answer in sheet.vectors:
            assert from_frame(sheet, answer.frame, sheet.parameters) == pytest.approx(answer.values)
    elif isinstance(sheet, JsonSheet):
        for message in sheet.vectors:
            assert from_json(sheet, message.text, message.parameters) == pytest.approx(message.values)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    missing = set(model.model_fields) - EXPLAINED
    if model in {Vector, Serial, Counter}:
        missing -= {"point", "words", "value"}
    assert not missing


def test_every_word_that_a_key_takes_is_explained() -> None:
    assert set(CODES) | set(Table) | set(Type) | set(Order) <= EXPLAINED
    assert all(re.search(rf"\b{kind}\b", PAGE) for kind in DeviceKind)


def test_every_canonical_unit_is_named() -> None:
    listed = re.search(r"canonical units are ([^;]+);", PAGE)
    assert listed
    canonical = {how.canonical for how in CONVERSIONS.values()} - {"", "1/h"}
    assert canonical == set(listed.group(1).replace("\n", " ").split(", "))
