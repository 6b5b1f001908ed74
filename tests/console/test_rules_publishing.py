"""Publishing in a real Chromium on a real hub: acknowledged, approved, taken up or refused, and brought back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import Seat, Sit, shared_loop
from tests.console.rule_hub import RuleHub, serving
from tests.console.test_rules import change

pytestmark = pytest.mark.needs("chromium")


@shared_loop()
async def hub(tmp_path: Path) -> AsyncIterator[RuleHub]:
    async with serving(tmp_path) as hub:
        yield hub


async def publish(page: Page, note: str) -> None:
    await page.locator('.publish textarea[name="note"]').fill(note)
    await page.locator('[data-act="publish"]').click()


async def publications(seat: Seat) -> list[dict[str, Any]]:
    answer = await seat.page.request.get(f"{seat.address}/api/rules/publications")
    return list((await answer.json())["publications"])


def states(page: Page, agent: str, state: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return page.locator(f'.rollout [data-agent="{agent}"][data-state="{state}"]')


async def test_published_rules_are_seen_to_be_taken_up_by_each_gateway(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "28")
        hub.agents.holding = True
        await publish(page, "rooms are too warm in the afternoon")
        await expect(page.locator(".publish-made")).to_contain_text("in force")
        await expect(states(page, "edge-b", "pending")).to_be_visible()
        hub.agents.holding = False
        for agent in ("edge-a", "edge-b"):
            hub.agents.running[agent] = hub.ports.book.rules
            await hub.agents.say(agent)
            await expect(states(page, agent, "running")).to_contain_text(
                "v2"
            )  # by the stream, without a reload
        await expect(page.locator(".publish")).to_contain_text("Nothing is changed")
        assert await seat.complaints() == []
        made = (await publications(seat))[0]
        assert (made["author"], made["note"]) == ("li", "rooms are too warm in the afternoon")
        assert made["backtest"] is not None
        assert hub.ports.campus.rules["room-warm"].version == 2
        await page.goto(f"{seat.address}/#/rules")
        await expect(page.locator(".table-row", has_text="Room too warm")).to_contain_text(
            "publication 1, li"
        )


async def test_a_warning_must_be_ticked_before_it_is_published(tmp_path: Path, sit: Sit) -> None:
    async with serving(tmp_path, alerts_per_day=2) as hub, sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "28")
        await publish(page, "more of them")
        warning = page.locator(".warnings label")
        await expect(warning).to_contain_text("more than 2")
        await expect(page.locator('[data-act="publish"]')).to_be_disabled()
        assert await publications(seat) == []
        await warning.locator("input").check()
        await page.locator('[data-act="publish"]').click()
        await expect(page.locator('[data-made="1"]')).to_be_visible()
        assert "more than 2" in (await publications(seat))[0]["warnings"][0]["en"]


async def test_what_was_not_backtested_has_to_be_acknowledged_too(tmp_path: Path, sit: Sit) -> None:
    async with serving(tmp_path, judging=False) as hub, sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await page.locator('.rule-form [data-path="when.0.above"]').fill("28")
        await publish(page, "no time for a backtest")
        await expect(page.locator('[data-warning="not-backtested"]')).to_be_visible()
        await page.locator('[data-warning="not-backtested"]').check()
        await page.locator('[data-act="publish"]').click()
        await expect(page.locator('[data-made="1"]')).to_be_visible()


async def test_words_alone_are_published_without_a_new_version(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await page.locator('[data-more="words"] summary').click()
        await page.locator('[data-path="title.en"]').fill("Room far too warm")
        await expect(page.locator(".publish-version")).to_contain_text("words only")
        await publish(page, "clearer")
        await expect(page.locator('[data-made="1"]')).to_be_visible()
        await expect(page.locator(".rule-head h1")).to_contain_text("Room far too warm")
        assert hub.ports.campus.rules["room-warm"].version == 1


async def test_a_fire_rule_waits_for_a_second_person(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="root", language="en") as author:
        page = await author.open("rule/low-network-pressure")
        await change(page, "when.0.below", "0.37")
        await expect(page.locator(".publish-fire")).to_be_visible()
        await publish(page, "earlier")
        await expect(page.locator('[data-made="1"]')).to_contain_text("waits for approval")
        await page.locator('[data-made="1"] a').click()
        await expect(page.locator(".publication-acts")).to_contain_text("Another administrator")
        await expect(page.locator('[data-act="approve"]')).to_have_count(0)
        assert hub.ports.campus.rules["low-network-pressure"].version == 1
        async with sit(hub, name="chief", language="en") as second:
            other = await second.open("rules")
            await other.locator(".page-head a", has_text="waits for approval").click()
            await expect(other.locator(".differences")).to_contain_text("0.35")
            await expect(other.locator(".differences ins")).to_have_text("0.37")
            await other.locator('[data-act="approve"]').click()
            await expect(other.locator(".publication")).to_contain_text("Approved by chief")
        # the author's page learns of it by itself
        await expect(page.locator('.publication[data-state="live"]')).to_be_visible()
        await expect(states(page, "edge-b", "running")).to_be_visible()
        assert hub.ports.campus.rules["low-network-pressure"].version == 2


async def test_what_an_agent_refuses_is_withdrawn_and_the_page_tells_the_place(
    hub: RuleHub, sit: Sit
) -> None:
    hub.agents.refuses = "edge-b"
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "31")
        await publish(page, "fewer")
        made = page.locator('[data-made="1"]')
        await expect(made).to_have_attribute("data-state", "withdrawn")
        await expect(made).to_contain_text("Withdrawn by hub")
        await expect(made.locator(".rule-problem")).to_contain_text("rules.room-warm.when.0.above")
        await expect(made.locator(".rule-problem")).to_contain_text("a limit that this agent likes")
        await expect(states(page, "edge-a", "running")).to_contain_text("v1")  # back to what was
        await expect(page.locator('.rule-form [data-path="when.0.above"]')).to_have_value("29")
        await page.locator('[data-choice="language"]').click()
        await expect(made.locator(".rule-problem")).to_contain_text("本网关认可的限值")
        assert await seat.complaints() == []


async def test_a_former_set_is_published_again(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li", size="wall", language="en") as seat:
        page = await seat.open("rule/room-warm")
        for number, limit in enumerate(("28", "27"), 1):
            await change(page, "when.0.above", limit)
            await publish(page, f"down to {limit}")
            await expect(page.locator(f'[data-made="{number}"][data-state="live"]')).to_be_visible()
        await page.locator('[data-more="versions"] summary').first.click()
        await expect(page.locator(".versions > li")).to_have_count(3)
        await page.locator('[data-more="versions"] a', has_text="Publications").click()
        await page.locator(".table-row a", has_text="1").click()
        await expect(page.locator('.publication[data-publication="1"]')).to_contain_text("replaced")
        await page.locator('[data-act="again"]').click()
        await page.locator('textarea[name="reason"]').fill("27 was too low")
        await page.locator('[data-act="confirm"]').click()
        await expect(page.locator('.publication[data-publication="3"]')).to_contain_text(
            "publication 1 again"
        )
        assert [made["state"] for made in await publications(seat)] == ["live", "replaced", "replaced"]
        assert hub.ports.campus.rules["room-warm"].version == 2
        await page.locator('[data-act="withdraw"]').click()
        await page.locator('textarea[name="reason"]').fill("no, it was right")
        await page.locator('[data-act="confirm"]').click()
        await expect(page.locator(".table-row", has_text="withdrawn")).to_have_count(1)
        assert hub.ports.campus.rules["room-warm"].version == 3


async def test_whoever_is_too_late_is_told_and_keeps_the_draft(hub: RuleHub, sit: Sit) -> None:
    async with sit(hub, name="li", language="en") as seat:
        page = await seat.open("rule/room-warm")
        await change(page, "when.0.above", "28")
        async with sit(hub, name="chief", language="en") as faster:
            other = await faster.open("rule/low-network-pressure")
            await change(other, "when.0.below", "0.37")
            await publish(other, "fire first")
            await expect(other.locator('[data-made="1"]')).to_contain_text("waits")
        await publish(page, "mine")
        await expect(page.locator(".publish .problem")).to_contain_text("Publication 1 waits for approval")
        await expect(page.locator('.rule-form [data-path="when.0.above"]')).to_have_value("28")
