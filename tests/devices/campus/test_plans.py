"""Plans of a site file: drawings that only draw, and positions that fit the campus."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.campus.loading import load_campus
from devices.campus.plans_drawing import MOST_BYTES, view_box_of
from devices.campus.plans_loading import Drawn, load_plans
from devices.model.errors import ConfigRefused, Problem
from tests.devices.campus.conftest import SITE

SVG = "http://www.w3.org/2000/svg"
PLANS = """
plans:
- {id: house-1, building: house, drawing: house.svg}
- {id: yard, site: two, drawing: yard.svg}
positions:
- {plan: house-1, device: meter, x: 10, y: 20.5}
- {plan: yard, device: cam, x: 0, y: 50, heading: 90, angle: 70}
"""


def svg(inside: str = "", attributes: str = 'viewBox="0 0 100 50"') -> bytes:
    return (
        f'<svg xmlns="{SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>{inside}</svg>'.encode()
    )


def refused(data: bytes) -> str:
    with pytest.raises(ConfigRefused) as caught:
        view_box_of(data, "house.svg")
    return str(caught.value)


def plans_of(folder: Path, plans: str = PLANS, site: str = SITE) -> dict[str, Drawn]:
    (folder / "site.yaml").write_text(site + plans, "utf-8")
    for name in ("house", "yard"):
        (folder / f"{name}.svg").write_bytes(svg())
    return dict(load_plans(folder / "site.yaml", load_campus(folder / "site.yaml")))


def wrong(folder: Path, old: str, new: str) -> list[Problem]:
    assert old in PLANS
    with pytest.raises(ConfigRefused) as caught:
        plans_of(folder, PLANS.replace(old, new))
    return list(caught.value.problems)


def test_a_plain_drawing_is_taken_with_its_view_box() -> None:
    drawing = svg(
        '<title>Floor 1</title><style>.wall{fill:none;stroke:rgb(1,2,3)}</style><defs><clipPath id="c">'
        '<rect width="9" height="9"/></clipPath><g id="door"><path d="M0 0h1"/></g></defs>'
        '<g clip-path="url(#c)" transform="translate(3 4)"><text x="1" y="2" aria-label="a(b)">门(东)</text>'
        '<use xlink:href="#door" x="3"/></g><image href="data:image/png;base64,iVBORw0K"/>',
        'viewBox="-5, 0 100 50" width="200mm" height="100mm"',
    )
    assert view_box_of(b'<?xml version="1.0" encoding="UTF-8"?>' + drawing, "a.svg") == (-5, 0, 100, 50)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            "<script>alert(1)</script>",
            "script: found an element <script>, expected an element that only draws",
        ),
        ('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>', "<foreignObject>"),
        ('<p xmlns="http://www.w3.org/1999/xhtml"/>', "an element <p>"),
        ('<animate attributeName="href" to="x"/>', "<animate>"),
        ('<a href="#x"/>', "<a>"),
        ('<g onclick="f()"/>', "g.onclick: found an event attribute onclick"),
        ('<g OnLoad="f()"/>', "an event attribute OnLoad"),
        ('<image href="http://x/a.png"/>', "image.href: found 'http://x/a.png', expected a PNG or JPEG"),
        ('<image xlink:href="data:image/svg+xml;base64,AA=="/>', "a PNG or JPEG in the file itself"),
        ('<use href="other.svg#a"/>', "expected a part of the same file"),
        ('<use xlink:href="javascript:f()"/>', "expected a part of the same file"),
        ('<rect fill="url(http://x/#a)"/>', "rect.fill: found 'url('"),
        ('<rect style="fill:url( //x )"/>', "rect.style"),
        ('<rect style="background:image-set(x)"/>', "'image-set('"),
        ("<style>@import 'http://x/a.css';</style>", "styles without @"),
        ("<style>a{fill:u\\72l(http://x)}</style>", "styles without \\"),
        ("<style>a{fill:ur/**/l(x)}</style>", "styles without /*"),
        ("<style>a{fill:url<style/>(http://x)}</style>", "an element <style> in a style sheet"),
        ('<g xml:base="http://x/"/>', "an attribute base"),
        ("<?xml-stylesheet href='http://x/a.css'?>", "an instruction <?xml-stylesheet"),
        ("<g>" * 70 + "</g>" * 70, "more than 64 deep"),
        ("<g/>" * 20_001, "more than 20000 elements"),
        ('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>', "a part that itself has <use>"),
        (f'<g id="a">{"<g/>" * 9_000}</g>{"""<use href="#a"/>""" * 11}', "more than 100000 elements drawn"),
        ("<g>", "expected XML in UTF-8"),
    ],
)
def test_what_could_act_reach_out_or_grow_is_refused_with_its_line(inside: str, said: str) -> None:
    found = refused(svg(f"\n{inside}"))
    assert said in found
    assert found.startswith("house.svg: line 2: ") or "XML" in said


def test_document_types_other_encodings_and_other_roots_are_refused() -> None:
    bomb = b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + svg("&b;")
    assert "remove the line with <!DOCTYPE" in refused(bomb)
    assert "expected UTF-8" in refused(b'<?xml version="1.0" encoding="ISO-2022-JP"?>' + svg())
    assert "expected XML in UTF-8" in refused(svg().decode().encode("utf-16"))
    assert "expected <svg> with xmlns=" in refused(b"<svg/>")
    assert f"expected at most {MOST_BYTES}" in refused(svg(" " * MOST_BYTES))


@pytest.mark.timeout(30)  # hours, where the time grows with the square of the length
def test_a_long_path_without_spaces_is_read_at_once() -> None:
    assert view_box_of(svg(f'<path d="{"m1-2h3" * 150_000}"/>'), "a.svg") == (0, 0, 100, 50)


@pytest.mark.parametrize("size", ["1.2.3px", ".", "..", "١"])
def test_a_size_that_is_no_number_is_not_held_against_the_view_box(size: str) -> None:
    assert view_box_of(svg("", f'viewBox="0 0 100 50" width="{size}" height="{size}"'), "a.svg")[2] == 100


@pytest.mark.parametrize("box", ["", "0 0 100", "0 0 -1 5", "0 0 1e999 5", "0 0 a 5", "nan 0 1 1"])
def test_a_drawing_without_a_usable_view_box_is_refused(box: str) -> None:
    assert "svg.viewBox: found" in refused(svg("", f'viewBox="{box}"'))


def test_a_drawing_whose_size_has_another_shape_than_its_view_box_is_refused() -> None:
    assert "the shape of the viewBox, 100 by 50" in refused(
        svg("", 'viewBox="0 0 100 50" width="10cm" height="10cm"')
    )


@given(st.binary(max_size=300) | st.text(max_size=200).map(svg))
def test_whatever_a_file_holds_it_is_a_drawing_or_refused(data: bytes) -> None:
    with contextlib.suppress(ConfigRefused):
        assert view_box_of(data, "x.svg")[2] > 0


def test_plans_are_read_with_drawings_and_positions(tmp_path: Path) -> None:
    found = plans_of(tmp_path)
    assert found["house-1"].view_box == (0, 0, 100, 50)
    assert found["house-1"].drawing == svg()
    assert [(one.device, one.x, one.y) for one in found["house-1"].positions] == [("meter", 10, 20.5)]
    assert found["yard"].positions[0].heading == 90


def test_positions_may_stand_in_a_table(tmp_path: Path) -> None:
    table = "plan,device,x,y,heading,angle\nhouse-1,meter,10,20.5,,\nyard,cam,1,2,0,90\n"
    (tmp_path / "positions.csv").write_text(table, "utf-8")
    head = PLANS.partition("positions:")[0]
    found = plans_of(tmp_path, f"{head}positions: positions.csv\n")
    assert [one.device for drawn in found.values() for one in drawn.positions] == ["meter", "cam"]
    (tmp_path / "positions.csv").write_text(f"{table}yard,radar,1,here,,\n", "utf-8")
    with pytest.raises(ConfigRefused, match="line 4"):
        plans_of(tmp_path, f"{head}positions: positions.csv\n")


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("building: house", "building: hause", "plans.house-1.building", "did you mean 'house'"),
        ("site: two", "site: tow", "plans.yard.site", "did you mean 'two'"),
        ("site: two", "building: house, floor: 1", "plans.yard", "the place of house-1"),
        ("id: yard", "id: house-1", "plans.house-1", "the id twice"),
        ("drawing: yard.svg", "drawing: none.svg", "-", "No such file"),
        ("device: meter", "device: metre", "positions.metre", "did you mean 'meter'"),
        ("plan: yard", "plan: yrad", "positions.cam.plan", "did you mean 'yard'"),
        ("device: meter", "device: ac-0, heading: 90", "positions.ac-0.heading", "it does not look anywhere"),
        ("plan: yard, device: cam", "plan: yard, device: meter", "positions.meter", "on house-1 and on yard"),
        ("plan: yard", "plan: house-1", "positions.cam.plan", "a device on floor 1 of barn"),
        ("y: 50", "y: 50.1", "positions.cam.x", "found 0, 50.1, expected a place in the viewBox"),
        ("x: 10", "x: -1", "positions.meter.x", "0 to 100, 0 to 50"),
    ],
)
def test_what_does_not_fit_the_campus_is_refused_with_its_path(
    tmp_path: Path, old: str, new: str, path: str, said: str
) -> None:
    problems = wrong(tmp_path, old, new)
    assert any(problem.path == path and said in str(problem) for problem in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("site: two", "site: two, building: barn", "exactly one of building and site"),
        ("site: two", "site: two, floor: 1", "no floor with a site"),
        ("yard.svg", "yard.png", "plans.1.drawing"),
        ("heading: 90, angle: 70", "angle: 70", "a heading with the angle"),
        ("heading: 90", "heading: 360", "positions.1.heading"),
    ],
)
def test_what_is_no_plan_is_refused_by_agents_and_hub(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in "\n".join(str(problem) for problem in wrong(tmp_path, old, new))


def test_an_agent_needs_no_drawings_and_a_moved_mark_is_the_same_site_file_to_it(tmp_path: Path) -> None:
    head = PLANS.partition("positions:")[0]
    table = tmp_path / "positions.csv"
    digests = []
    for x in (1, 2):
        table.write_text(f"plan,device,x,y\nhouse-1,meter,{x},1\n", "utf-8")
        plans_of(tmp_path, f"{head}positions: positions.csv\n")
        digests.append(load_campus(tmp_path / "site.yaml").digest)
    alone = tmp_path / "gateway"
    alone.mkdir()
    shutil.copy(tmp_path / "site.yaml", alone)
    assert {*digests, load_campus(alone / "site.yaml").digest} == {digests[0]}
