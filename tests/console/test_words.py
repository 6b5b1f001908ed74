"""Every word on the screen stands in both languages, and none stands in the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import expect

from devices.campus.site import AnyLink
from devices.model.codes import ReferenceStanding
from hub.api.gateways import ERRORS
from hub.console import STATIC
from hub.reports.cameras import State
from hub.reports.commissioning import Group, Left
from hub.reports.coverage import Standing
from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub
from tests.console.fake_plans import FLOOR
from tests.console.markup import key_uses, literals
from tests.console.pages import PAGES

CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
SOURCES = sorted(
    path for path in STATIC.rglob("*.js") if not {"vendor", "i18n"} & set(path.relative_to(STATIC).parts[:-1])
)
#: What a link of the site file may be.
LINK_KINDS = {kind for link in get_args(AnyLink) for kind in get_args(link.model_fields["kind"].annotation)}
#: Words that are the same in every language: units, signs, keys of a keyboard.
SAME_EVERYWHERE = {"km/h", "kW", "kB", "MB", "GB", "B", "K", "J", "A", "R", "S", "N", "O"}
#: Pages beside those that test_pages draws, with what must be there before they count as drawn.
PAGES_TO_READ = PAGES | {
    "cooling?show=all": ".table-row",
    "cameras?by=kind": ".tile",
    f"campus/building/hq1-main?plan={FLOOR}": ".plan-point",
}

BOOKS = """async () => {
    const flat = (book, way) => Object.entries(book).flatMap(([key, value]) =>
        typeof value === 'string' ? [[way + key, value]] : flat(value, `${way}${key}.`));
    const [{zh}, {en}] = await Promise.all([import('/console/i18n/zh.js'), import('/console/i18n/en.js')]);
    return {zh: Object.fromEntries(flat(zh, '')), en: Object.fromEntries(flat(en, ''))};
}"""
#: What a person can read or hear read: texts, and the attributes that are spoken or shown.
VISIBLE = """() => {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode;
        if (node.nodeType === Node.TEXT_NODE) {
            const parent = node.parentElement;
            const foreign = /^(SCRIPT|STYLE|NOSCRIPT)$/.test(parent.tagName) || parent.closest('main [lang]');
            if (!foreign) found.push(node.data);
        } else {
            for (const name of ['aria-label', 'placeholder', 'title', 'alt']) found.push(node.getAttribute(name) ?? '');
        }
    }
    return [...new Set(found.map((words) => words.trim()).filter(Boolean))];
}"""


@pytest.mark.needs("chromium")
async def test_both_books_have_the_same_keys_and_fields_and_all_that_is_used(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub, name=None) as seat:
        await seat.page.goto(seat.address)
        books = await seat.page.evaluate(BOOKS)
    zh, en = books["zh"], books["en"]
    assert zh.keys() == en.keys()
    fields = re.compile(r"\{\w+\}")
    assert [key for key in zh if sorted(fields.findall(zh[key])) != sorted(fields.findall(en[key]))] == []
    assert [key for key, words in en.items() if CHINESE.search(words) and key != "choice.otherLanguage"] == []
    told = {f"counter.{name}" for name in ERRORS} | {f"camera.{state.word}" for state in State}
    told |= {f"camera.standing.{standing}" for standing in Standing}
    told |= {f"camera.left.{left}" for left in Left} | {f"camera.setup.{group}" for group in Group}
    told |= {f"camera.reference.{one.name.lower().replace('_', '-')}" for one in ReferenceStanding}
    told |= {f"linkKind.{kind}" for kind in LINK_KINDS}
    assert told - zh.keys() == set(), "a word of the hub that the console does not know"
    exact, openings = key_uses(SOURCES)
    assert exact - zh.keys() == set()
    unused = {key for key in zh if key not in exact and not any(key.startswith(start) for start in openings)}
    assert unused == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(STATIC)))
def test_no_source_holds_words_of_its_own(source: Path) -> None:
    text = source.read_text("utf-8")
    assert [line for line in text.splitlines() if CHINESE.search(line)] == []
    assert [words for words in literals(text) if words not in SAME_EVERYWHERE] == []


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ("html`<p>Hello ${name}</p>`", ["Hello"]),
        ("html`<p>${t('a.b')}</p>`", []),
        ('html`<p class="x">${rows.map((r) => html`<b>Inner</b>`)}</p>`', ["Inner"]),
        ('html`<input placeholder="Find it" />`', ["Find it"]),
        ("html`<input aria-label=${t('a.b')} data-x=\"code\" />`", []),
        ("html`<a onClick=${() => { go('x'); }}>${'>'}</a>`", []),
    ],
)
def test_words_in_markup_are_seen(markup: str, found: list[str]) -> None:
    assert literals(markup) == found


@pytest.mark.needs("chromium")
async def test_in_english_no_chinese_word_is_left_on_any_page(busy_hub: FakeHub, sit: Sit) -> None:
    async with sit(busy_hub, size="wall", name="root") as seat:
        page = await seat.open()
        await page.locator('[data-choice="language"]').click()
        await page.keyboard.press("?")
        for where, ready in PAGES_TO_READ.items():
            await page.goto(f"{seat.address}/#/{where}")
            await page.locator(ready).first.wait_for()
            seen = await page.evaluate(VISIBLE)
            assert len(seen) > 25, where
            departments = {
                area["department"] for area in busy_hub.campus.areas
            }  # a name that only Chinese has
            left = [words for words in seen if CHINESE.search(words) and words not in departments]
            assert left == ["中文"], where
        await page.reload()
        await expect(page.locator(".brand b")).to_have_text("Campuswatch")  # remembered
        assert await page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.needs("chromium")
async def test_in_chinese_no_english_sentence_is_left_on_any_page(busy_hub: FakeHub, sit: Sit) -> None:
    # ids, makes, units and keys of the keyboard are Latin everywhere; two English words in a row are a sentence
    sentence = re.compile(r"\b[a-z]{3,} [a-z]{3,}\b")
    async with sit(busy_hub, size="wall", name="root") as seat:
        for where, ready in PAGES_TO_READ.items():
            page = await seat.open(where)
            await page.locator(ready).first.wait_for()
            seen = await page.evaluate(VISIBLE)
            models = " ".join(profile["model"] for profile in busy_hub.campus.answer()["profiles"].values())
            assert [
                words for words in seen if (m := sentence.search(words)) and m.group() not in models
            ] == [], where
