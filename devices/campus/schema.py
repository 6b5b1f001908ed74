"""JSON schemas of rule files and site files, for editors and for programs that write them."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from devices.campus.conditions import COMPARISONS
from devices.campus.loading import SiteFile
from devices.campus.rule_documents import with_words
from devices.campus.rules import RuleFile
from devices.model.alerts import Severity

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: What can be asked for, and where it is published in this project.
FILES: Final[dict[str, tuple[type[BaseModel], str]]] = {
    "rules": (RuleFile, "docs/rules.schema.json"),
    "site": (SiteFile, "docs/site.schema.json"),
}
SEVERITIES: Final = [severity.name.lower() for severity in Severity]
LIMITS: Final = ("above", "below")


def _exactly_one(*keys: str) -> JsonSchemaValue:
    return {"oneOf": [{"required": [key]} for key in keys]}


def _at_most_one(*keys: str) -> JsonSchemaValue:
    pairs = [[a, b] for number, a in enumerate(keys) for b in keys[number + 1 :]]
    return {"not": {"anyOf": [{"required": pair} for pair in pairs]}}


#: What the models check between two keys, which their fields by themselves do not say.
BETWEEN_KEYS: Final[dict[str, JsonSchemaValue]] = {
    "Condition": {
        **_exactly_one(*COMPARISONS, "flat_s"),
        **_at_most_one("bit", "rate", "count", "energy", "flat_s"),
        "dependentSchemas": {
            "dead_band": {"anyOf": [{"required": [key]} for key in LIMITS]},
            "energy": {"required": ["above"], "properties": {"above": {"type": "number"}}},
        },
    },
    "Exemption": _exactly_one("device", "area"),
    "Hours": {
        "if": {"required": ["days"], "properties": {"days": {"not": {"const": "all"}}}},
        "then": {"required": ["calendar"]},
    },
}


class _AsWritten(GenerateJsonSchema):
    """The schema of what a person writes: severities are words."""

    def encode_default(self, dft: Any) -> Any:
        return with_words(super().encode_default(dft))


def schema(name: str) -> JsonSchemaValue:
    """The schema of a kind of file, by its name in `FILES`."""
    model, _ = FILES[name]
    made = model.model_json_schema(schema_generator=_AsWritten)
    definitions = made["$defs"]
    definitions["Severity"] = {"enum": SEVERITIES, "title": "Severity"}
    for title, more in BETWEEN_KEYS.items():
        if title in definitions:
            definitions[title] |= more
    return {"$schema": DIALECT, **_plain(made)}


def _plain(value: Any) -> Any:
    """Without the titles that only repeat a key, and without words of other dialects."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(entry) for key, entry in value.items() if key != "discriminator"}
    if "properties" in value:
        kept["properties"] = {
            key: {word: entry for word, entry in _plain(below).items() if word != "title"}
            for key, below in value["properties"].items()
        }
    return kept


def text(name: str) -> str:
    """The same as the text that is published."""
    return json.dumps(schema(name), indent=1, ensure_ascii=False) + "\n"
