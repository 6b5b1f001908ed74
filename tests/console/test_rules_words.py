"""Every rule in plain words of both languages, and the rule pages on every screen without a foreign word."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.async_api import Page, expect

from devices.campus.rule_documents import document
from devices.campus.rules import RuleFile
from devices.profiles.strict import load
from tests.console.conftest import SIZES, Sit, shared_loop
from tests.console.rule_hub import RuleHub, serving
from tests.console.test_pages import WIDER_THAN_THE_SCREEN
from tests.console.test_rules import change
from tests.console.test_words import CHINESE, VISIBLE

pytestmark = pytest.mark.needs("chromium")

REPOSITORY = Path(__file__).parents[2]
PAGES = {
    "rules": ".table-row",
    "rule/room-warm": ".rule-line",
    "rule/setpoint": ".rule-line",
    "rule/unit-silent": ".rule-line",
    "publications": ".publications",
}


@shared_loop()
async def hub(tmp_path: Path) -> AsyncIterator[RuleHub]:
    async with serving(tmp_path) as hub:
        yield hub


SAYS = """async ([rules, language]) => {
    const {setLanguage} = await import('/console/i18n/words.js');
    const {sentence, conditionLines, aroundLines, restLines} = await import('/console/pages/rules/describing.js');
    setLanguage(language);
    const fields = (rule) => [...conditionLines(rule, true), ...aroundLines(rule, true), ...restLines(rule, true)]
        .flatMap(({tokens}) => tokens).filter((token) => typeof token !== 'string').map(({path}) => path.join('.'));
    return rules.map((rule) => ({id: rule.id, says: sentence(rule), fields: fields(rule)}));
}"""
#: Numbers that name something, and are not judged by.
NAMES = re.compile(r"(^|\.)(version|id)$")


def numbers(value: Any, path: str = "") -> list[str]:
    """Paths of all numbers of a document."""
    if isinstance(value, dict):
        return [one for key, part in value.items() for one in numbers(part, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [one for key, part in enumerate(value) for one in numbers(part, f"{path}.{key}")]
    return [path] if isinstance(value, int | float) and not isinstance(value, bool) else []


def shipped() -> list[dict[str, Any]]:
    files = sorted((REPOSITORY / "config" / "rules").glob("*.yaml"))
    assert len(files) > 3
    return [document(rule) for file in files for rule in load(file, RuleFile).rules]


def taught() -> list[dict[str, Any]]:
    """The examples of the page that teaches how to write a rule."""
    blocks = re.findall(
        r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "rules.md").read_text("utf-8"), re.DOTALL
    )
    found = [yaml.safe_load(block) for block in blocks]
    return [
        rule for part in found if isinstance(part, dict) for rule in part.get("rules", []) if "kind" in rule
    ]


async def test_each_rule_is_told_in_both_languages_and_each_of_its_numbers_is_a_field(
    hub: RuleHub, sit: Sit
) -> None:
    rules = [*shipped(), *taught()]
    async with sit(hub, name="li") as seat:
        page = await seat.open("rules")
        for language in ("zh", "en"):
            told = await page.evaluate(SAYS, [rules, language])
            for rule, row in zip(rules, told, strict=True):
                assert len(row["says"]) > 5, row
                assert not re.search(r"undefined|null|NaN|rules\.|\[object|\{", row["says"]), row
                assert language == "zh" or not CHINESE.search(row["says"]), row
                wanted = {path for path in numbers(rule) if not NAMES.search(path)}
                assert wanted - set(row["fields"]) == set(), row["id"]
        assert await seat.complaints() == []


STARTS_IN_CHINESE = (
    "稳压泵运行 在 1 小时内变为 开 的次数 高于 过去 28 天同类日同一小时的中位数 × 2,至少相差 4,"
    "持续 2 小时后升为 紧急"
)
STARTS = (
    "times that stabiliser pump runs became on within 1 h above median of the last 28 days, same hour and kind of day"
    " × 2, at least 4 away, Critical after 2 h"
)
EXAMPLES = [
    (
        {"when": [{"point": "pressure_mpa", "below": 0.15}], "on_delay_s": 10},
        "管网压力 低于 0.15 MPa,持续 10 秒",
        "network pressure below 0.15 MPa, for 10 s",
    ),
    (
        {
            "when": [
                {
                    "any": [
                        {"point": "running", "equals": "on"},
                        {"not": {"point": "position", "equals": "auto"}},
                    ]
                },
                {"point": "fault", "differs": "on"},
            ]
        },
        "(消防泵运行 为 开 或 并非(转换开关 为 自动位)),故障 不为 开",
        "(a fire pump runs is on or not (selector switch is automatic)), fault is not on",
    ),
    (
        {
            "when": [{"point": "pressure_mpa", "rate": {"over_s": 600, "per": "hour"}, "below": -0.1}],
            "only": {"hours": [{"start": "22:00", "end": "06:00"}]},
            "latch": True,
        },
        "管网压力 在 10 分钟内的变化(每小时) 低于 -0.1 MPa,仅在 22:00 至 06:00,恢复后须人工复位",
        "network pressure, change over 10 min per hour below -0.1 MPa, only 22:00 to 06:00, needs a reset",
    ),
    (
        {
            "when": [
                {
                    "point": "stabiliser_running",
                    "count": {"becomes": "on", "within_s": 3600},
                    "above": {"usual": {"days": 28, "times": 2, "at_least": 4}},
                }
            ],
            "levels": [{"severity": "critical", "on_delay_s": 7200}],
        },
        STARTS_IN_CHINESE,
        STARTS,
    ),
]


@pytest.mark.parametrize(("part", "chinese", "english"), EXAMPLES, ids=["limit", "any", "rate", "usual"])
async def test_a_rule_reads_as_a_person_would_say_it(
    hub: RuleHub, sit: Sit, part: dict[str, Any], chinese: str, english: str
) -> None:
    rule = {"id": "r", "kind": "when", "select": {"kinds": ["pump"]}, **part}
    async with sit(hub, name="li") as seat:
        page = await seat.open("rules")
        await page.locator(".table-row").first.wait_for()
        told = [(await page.evaluate(SAYS, [[rule], language]))[0]["says"] for language in ("zh", "en")]
        assert told == [chinese, english]


async def test_what_a_rule_orders_by_itself_is_told_and_each_of_its_numbers_is_a_field(
    hub: RuleHub, sit: Sit
) -> None:
    rule = {"id": "r", "kind": "setpoint", "select": {"kinds": ["ac"]}}
    back = {"after_s": 600, "per_day": 2}
    rules = [
        {**rule, "action": back},
        {**rule, "action": {**back, "even_acked": True, "point": "on", "value": 0, "hold_s": 3600}},
    ]
    async with sit(hub, name="li") as seat:
        page = await seat.open("rules")
        await page.locator(".table-row").first.wait_for()
        standard, off = await page.evaluate(SAYS, [rules, "en"])
        wanted = "after 10 min without an acknowledgement, set temperature is ordered back to the standard"
        assert wanted in standard["says"]
        assert "acknowledged or not, on is ordered back to off (at most 2 times" in off["says"]
        assert off["says"].endswith("held for 1 h, then given back")
        assert {"action.after_s", "action.per_day"} <= set(standard["fields"])
        assert {"action.value", "action.hold_s"} <= set(off["fields"])


async def pages(page: Page, address: str) -> AsyncIterator[str]:
    """Every rule page; those with a backtest after it was drawn."""
    for where, ready in PAGES.items():
        await page.goto(f"{address}/#/{where}")
        await page.locator(ready).first.wait_for()
        if where == "rule/room-warm":
            await change(page, "when.0.above", "28.5")
            for part in await page.locator("details summary").all():
                await part.click()
        yield where


@pytest.mark.parametrize("size", SIZES)
async def test_each_page_fits_the_screen_and_complains_about_nothing(
    hub: RuleHub, sit: Sit, size: str
) -> None:
    async with sit(hub, size=size, name="li", theme="light" if size == "desk" else "dark") as seat:
        page = await seat.open("rules")
        async for where in pages(page, seat.address):
            assert not await page.evaluate(WIDER_THAN_THE_SCREEN), f"{where} does not fit {size}"
        assert await seat.complaints() == []


async def test_no_page_holds_a_word_of_the_other_language(hub: RuleHub, sit: Sit) -> None:
    sentence = re.compile(r"\b[a-z]{3,} [a-z]{3,}\b")
    for language, foreign in (("en", CHINESE), ("zh", sentence)):
        async with sit(hub, size="wall", name="li", language=language) as seat:
            page = await seat.open("rules")
            async for where in pages(page, seat.address):
                seen = await page.evaluate(VISIBLE)
                assert len(seen) > 25, where
                left = [words for words in seen if foreign.search(words) and words != "中文"]
                assert left == [], where
            await expect(page.locator(".nav")).to_be_visible()
