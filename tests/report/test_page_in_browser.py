"""The page in headless Chromium: no error, tabs, metrics and details by mouse and keyboard."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spaces_by_hand import with_spaces
from test_venn import make_overlap

from samefeatures.report.html import page
from samefeatures.report.overlaps import view_pairs
from samefeatures.scores.overlap import Shown
from samefeatures.study.results import StudyResults

Browser = Any


def visit(browser: Browser, results: StudyResults, folder: Path) -> None:
    path = folder / "report.html"
    path.write_text(page(results), encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())


def complaints(browser: Browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] != "INFO"]


def visible(browser: Browser, css: str) -> list[Any]:
    return [e for e in browser.find_elements("css selector", css) if e.is_displayed()]


def active(browser: Browser) -> Any:
    return browser.switch_to.active_element


def press(browser: Browser, *names: str) -> None:
    from selenium.webdriver.common.keys import Keys

    for name in names:
        active(browser).send_keys(getattr(Keys, name))


def test_a_complaint_would_be_seen(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    visit(browser, good, tmp_path)
    browser.execute_script("console.error('seen'); setTimeout(() => { throw Error('this too') })")
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert len(complaints(browser)) == 2


def test_no_complaint_and_one_method_at_a_time(
    browser: Browser, good: StudyResults, tmp_path: Path
) -> None:
    visit(browser, good, tmp_path)
    assert len(visible(browser, ".panel")) == 1
    assert len(visible(browser, ".grid tbody td")) == 9
    assert len(visible(browser, ".warnings li")) == 1
    assert complaints(browser) == []


def test_nothing_is_requested(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    browser.get_log("performance")
    visit(browser, good, tmp_path)
    events = [entry["message"] for entry in browser.get_log("performance")]
    sent = [event for event in events if '"Network.requestWillBeSent"' in event]
    assert len(sent) >= 1
    assert all('"url":"file://' in event or '"url":"data:,"' in event for event in sent)


def test_tabs_by_click_and_keyboard(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    visit(browser, good, tmp_path)
    tabs = browser.find_elements("css selector", "[role=tab]")
    assert [tab.text for tab in tabs] == ["ols", "ridge (alpha 0.01)", "logit", "naive"]
    tabs[2].click()
    assert [p.get_attribute("id") for p in visible(browser, ".panel")] == ["m-logit"]
    press(browser, "ARROW_RIGHT")
    assert [p.get_attribute("id") for p in visible(browser, ".panel")] == ["m-naive"]
    assert active(browser).text == "naive"
    assert active(browser).get_attribute("aria-selected") == "true"
    press(browser, "ARROW_RIGHT", "END", "HOME", "ARROW_RIGHT")
    assert [p.get_attribute("id") for p in visible(browser, ".panel")] == ["m-ridge"]
    assert complaints(browser) == []


def test_a_link_opens_its_method(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    visit(browser, good, tmp_path)
    browser.get("about:blank")
    browser.get((tmp_path / "report.html").as_uri() + "#m-naive")
    assert [p.get_attribute("id") for p in visible(browser, ".panel")] == ["m-naive"]


def test_metrics_change_figures_and_shades(
    browser: Browser, good: StudyResults, tmp_path: Path
) -> None:
    visit(browser, good, tmp_path)
    cell = browser.find_elements("css selector", "#m-ols tbody td")[3]  # net_b into net_a
    assert cell.text.split() == ["91.50", "−0.54"]
    shaded = cell.value_of_css_property("background-color")
    browser.find_element("css selector", "[data-metric=loss]").click()
    assert cell.text.split() == ["−1.50", "91.50"]
    assert cell.value_of_css_property("background-color") == "rgba(255, 255, 255, 1)" != shaded
    assert "points lost" in visible(browser, ".says")[0].text
    browser.find_element("css selector", "[data-metric=top1]").click()
    assert cell.text.split() == ["91.50", "−0.54"]
    assert cell.value_of_css_property("background-color") == shaded
    assert complaints(browser) == []


def test_details_by_keyboard(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    visit(browser, good, tmp_path)
    browser.find_elements("css selector", "#m-ols tbody td")[0].click()
    press(browser, "ARROW_RIGHT", "ARROW_DOWN", "ARROW_RIGHT")
    tip = browser.find_element("id", "details")
    assert tip.is_displayed()
    assert tip.text.splitlines()[0] == "net_b → net_c"
    assert "9 100 of 10 000 (91.00 %)" in tip.text.replace("\u202f", " ")
    assert active(browser).get_attribute("aria-describedby") == "details"
    press(browser, "ESCAPE")
    assert not tip.is_displayed()
    # One tab stop: the next Tab leaves the table.
    press(browser, "TAB")
    assert active(browser).tag_name != "td"
    assert complaints(browser) == []


def test_details_by_pointer(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    from selenium.webdriver import ActionChains

    visit(browser, good, tmp_path)
    cell = browser.find_elements("css selector", "#m-ols tbody td")[1]
    ActionChains(browser).move_to_element(cell).perform()
    tip = browser.find_element("id", "details")
    assert tip.is_displayed()
    assert tip.text.startswith("net_a → net_b")


@pytest.fixture
def with_gallery(good: StudyResults, tmp_path: Path) -> Path:
    """A page with the overlap of one pair in both directions: 9 images there, 3 back."""
    picture = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
    overlaps = []
    for (a, b), count in {("net_a", "net_b"): 9, ("net_b", "net_a"): 3}.items():
        shown = [
            Shown(
                id=f"{a}/{i}.png",
                kind="fixed" if i < 6 else "broken",
                label=i % 3,
                source_says=0,
                target_says=1,
                hybrid_says=2,
                picture="" if i == 1 else picture,
                problem="the file is gone" if i == 1 else "",
            )
            for i in range(count)
        ]
        counts = (900, 260, 255, 250, 300, 310, 305, 40)
        overlaps.append(replace(make_overlap(*counts, source=a, target=b), gallery=tuple(shown)))
    path = tmp_path / "report.html"
    path.write_text(page(good, pairs=view_pairs(overlaps, tmp_path)), encoding="utf-8")
    return path


def test_the_gallery_filters(browser: Browser, with_gallery: Path) -> None:
    from selenium.webdriver.support.ui import Select

    browser.get_log("browser")
    browser.get(with_gallery.as_uri())
    assert len(visible(browser, ".thumbs li")) == 12
    way, kind, label = (Select(e) for e in browser.find_elements("css selector", ".filters select"))
    kind.select_by_visible_text("broken")
    assert len(visible(browser, ".thumbs li")) == 3
    label.select_by_visible_text("2")
    (only,) = visible(browser, ".thumbs li")
    assert only.get_attribute("title") == "net_a/8.png, net_a → net_b"
    assert visible(browser, ".filters output")[0].text == "1 shown"
    way.select_by_visible_text("net_b → net_a")
    assert visible(browser, ".thumbs li") == []
    kind.select_by_index(0)
    label.select_by_index(0)
    assert len(visible(browser, ".thumbs li")) == 3
    assert "the file is gone" in visible(browser, ".thumbs .missing")[0].text
    assert complaints(browser) == []


def test_the_gallery_by_keyboard(browser: Browser, with_gallery: Path) -> None:
    browser.get_log("browser")
    browser.get(with_gallery.as_uri())
    label = browser.find_elements("css selector", ".filters select")[2]
    browser.execute_script("arguments[0].focus()", label)
    press(browser, "TAB")
    assert active(browser).get_attribute("title").startswith("net_a/0.png")
    press(browser, "ARROW_RIGHT", "ARROW_RIGHT", "ARROW_LEFT")
    assert active(browser).get_attribute("title").startswith("net_a/1.png")
    press(browser, "END", "ARROW_RIGHT")
    assert active(browser).get_attribute("title").startswith("net_b/2.png")
    press(browser, "HOME", "ARROW_DOWN")
    first, now = visible(browser, ".thumbs li")[0], active(browser)
    assert now.rect["y"] > first.rect["y"]
    assert now.rect["x"] == pytest.approx(first.rect["x"], abs=2)
    # One tab stop: the next Tab leaves the gallery.
    press(browser, "TAB")
    assert active(browser).tag_name != "li"
    assert complaints(browser) == []


@pytest.mark.parametrize("width", [400, 1280])
def test_the_overlap_fits_the_window(browser: Browser, with_gallery: Path, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(with_gallery.as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        browser.execute_script(
            "document.querySelectorAll('.filters option')"
            ".forEach((o) => { o.textContent = 'vit_base_patch16_224 '.repeat(8); })"
        )
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_long_names_fit_a_phone(
    browser: Browser, make: Callable[..., StudyResults], tmp_path: Path
) -> None:
    names = [f"vit_large_patch14_clip_224_laion2b_ft_in12k_in1k_of_my_own_{i}" for i in range(3)]
    results = with_spaces(make({"ols": [[90.0, 80.0, 70.0]] * 3}, names))
    found = make_overlap(900, 260, 255, 250, 300, 310, 305, 40, source=names[0], target=names[1])
    path = tmp_path / "report.html"
    path.write_text(page(results, pairs=view_pairs([found], tmp_path)), encoding="utf-8")
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(path.as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_window_and_is_readable(
    browser: Browser, good: StudyResults, tmp_path: Path, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        visit(browser, good, tmp_path)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        page_colour = browser.execute_script(
            "return getComputedStyle(document.body).backgroundColor"
        )
        assert (page_colour == "rgb(246, 247, 249)") is (scheme == "light")
        assert complaints(browser) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


BROKEN = """
const broken = [];
for (const head of document.querySelectorAll('.list tbody th')) {
  const walk = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    for (const word of node.data.matchAll(/[a-z']{2,10}/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (range.getClientRects().length > 1) broken.push(word[0]);
    }
  }
}
return broken;
"""


def test_words_are_not_broken_on_a_phone(
    browser: Browser, spaced: StudyResults, tmp_path: Path
) -> None:
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visit(browser, spaced, tmp_path)
        heads = browser.execute_script(
            "return [...document.querySelectorAll('.list tbody th')].map(h => h.textContent)"
        )
        assert "the source's answers" in heads
        assert browser.execute_script(BROKEN) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nothing_from_outside_runs(browser: Browser, nasty: StudyResults, tmp_path: Path) -> None:
    visit(browser, nasty, tmp_path)
    # An alert would make this call fail.
    assert browser.title == nasty.title
    heads = browser.find_elements("css selector", ".grid .column")
    assert [head.get_attribute("title") for head in heads] == [n.name for n in nasty.networks]
    assert complaints(browser) == []


def test_rows_under_the_table_and_heat_maps_have_details_and_arrow_keys(
    browser: Browser, spaced: StudyResults, tmp_path: Path
) -> None:
    visit(browser, spaced, tmp_path)
    rows = browser.find_elements("css selector", "#m-ols .grid tfoot tr")
    pixels = rows[-1].find_elements("css selector", "td")
    pixels[0].click()
    assert "pixels → net_a" in browser.find_element("id", "details").text
    press(browser, "ARROW_UP")
    assert "net_c: its answers alone → net_a" in browser.find_element("id", "details").text
    heat = browser.find_elements("css selector", "section[aria-labelledby=beyond] .grid tbody td")
    heat[1].click()
    assert "Noise that knows the answers alone" in browser.find_element("id", "details").text
    button = browser.find_element("css selector", "button[data-metric=follows]")
    button.click()
    cell = browser.find_elements("css selector", "#m-ols .grid tbody td")[1]
    assert cell.text.split() == ["75.00", "20.00"]
    assert pixels[0].text == "30.00"  # not one of the hybrids
    assert complaints(browser) == []


def of_many(make: Callable[..., StudyResults], count: int) -> StudyResults:
    names = [f"a_network_of_some_length_{i}" for i in range(count)]
    table = [
        [80.0 if i == j else 40.0 + (i * 7 + j) % 30 for j in range(count)] for i in range(count)
    ]
    return make({"ols": table, "naive": table}, names)


@pytest.mark.parametrize(("count", "width"), [(3, 1280), (40, 1280), (40, 390)])
def test_heads_stay_while_scrolling(
    browser: Browser, make: Callable[..., StudyResults], tmp_path: Path, count: int, width: int
) -> None:
    """On the page where the table fits, else in its own window; sources stay to the left."""
    size = {"width": width, "height": 500, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visit(browser, of_many(make, count), tmp_path)
        wait = "requestAnimationFrame(() => requestAnimationFrame(arguments[arguments.length - 1]))"
        browser.execute_async_script(wait)
        box = browser.find_element("css selector", "#m-ols .scroll")
        assert ("fits" in box.get_attribute("class")) is (count == 3)
        last = browser.find_elements("css selector", "#m-ols tbody tr")[-1]
        browser.execute_script("arguments[0].scrollIntoView({block: 'end'})", last)
        browser.execute_script("arguments[0].scrollLeft = 9999", box)
        browser.execute_async_script(wait)
        place = "return arguments[0].getBoundingClientRect()"
        head = browser.execute_script(place, box.find_element("css selector", "thead"))
        row = browser.execute_script(place, last)
        source = browser.execute_script(place, last.find_element("css selector", "th"))
        assert -1 <= head["top"] < head["bottom"] <= row["top"] + 1
        assert source["left"] >= 0
        assert complaints(browser) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def column(browser: Browser, css: str, place: int) -> list[str]:
    rows = browser.find_elements("css selector", f"{css} tbody tr")
    return [row.find_elements("css selector", "th, td")[place].text.split()[0] for row in rows]


def test_a_head_sorts_by_its_column(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    visit(browser, good, tmp_path)
    head = browser.find_elements("css selector", "#m-ridge .column")[2]
    browser.find_element("id", "t-ridge").click()
    before = column(browser, "#m-ridge .grid", 0)
    assert column(browser, "#m-ridge .grid", 3) == ["–", "91.10", "94.00"]
    browser.execute_script("arguments[0].focus()", head.find_element("css selector", "button"))
    press(browser, "ENTER")
    assert column(browser, "#m-ridge .grid", 3) == ["94.00", "91.10", "–"]
    assert head.get_attribute("aria-sort") == "descending"
    press(browser, "SPACE")
    assert column(browser, "#m-ridge .grid", 3) == ["91.10", "94.00", "–"]
    # Another metric keeps the order of its own numbers, and cells go along with their rows.
    browser.find_element("css selector", "[data-metric=loss]").click()
    assert column(browser, "#m-ridge .grid", 3) == ["0.00", "2.90", "–"]
    assert column(browser, "#m-ridge .grid", 0)[0] == "net_c"
    first = browser.find_elements("css selector", "#m-ridge tbody td")[0]
    first.click()
    press(browser, "ARROW_DOWN")
    assert "net_b → net_a" in browser.find_element("id", "details").text
    browser.execute_script("arguments[0].focus()", head.find_element("css selector", "button"))
    press(browser, "ENTER")
    assert column(browser, "#m-ridge .grid", 0) == before
    assert head.get_attribute("aria-sort") is None
    assert complaints(browser) == []


def test_lists_sort_by_numbers_and_words(
    browser: Browser, good: StudyResults, tmp_path: Path
) -> None:
    visit(browser, good, tmp_path)
    networks = "section[aria-labelledby=networks] .list"
    heads = browser.find_elements("css selector", f"{networks} thead button")
    assert [head.text for head in heads][:2] == ["Network", "Top-1, %"]
    heads[1].click()
    assert column(browser, networks, 1) == ["94.00", "92.00", "90.00"]
    heads[0].click()
    assert column(browser, networks, 0) == ["net_a", "net_b", "net_c"]
    assert heads[1].find_element("xpath", "..").get_attribute("aria-sort") is None


def saved(browser: Browser, css: str, label: str) -> list[list[str]]:
    """What a button would save."""
    script = """
        const [css, label, done] = arguments;
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then(done); return "data:,"; };
        HTMLAnchorElement.prototype.click = () => {};
        [...document.querySelectorAll(`${css} .save`)].find((b) => b.textContent === label).click();
        URL.createObjectURL = make;
    """
    text = browser.execute_async_script(script, css, label)
    return list(csv.reader(io.StringIO(text)))


def test_numbers_can_be_saved(browser: Browser, good: StudyResults, tmp_path: Path) -> None:
    visit(browser, good, tmp_path)
    browser.find_elements("css selector", "#m-ols .column button")[0].click()
    assert saved(browser, "#m-ols", "This table as CSV") == [
        ["source", "net_a", "net_b", "net_c"],
        ["net_c", "92.90", "93.10", "94.00"],
        ["net_b", "91.50", "92.00", "91.00"],
        ["net_a", "90.00", "89.00", "88.00"],
    ]
    browser.find_element("css selector", "[data-metric=loss]").click()
    assert ["net_b", "-1.50", "0.00", "3.00"] in saved(browser, "#m-ols", "This table as CSV")
    every = saved(browser, "#m-ols", "All numbers of all methods as CSV")
    assert every[0] == list(good.cells[0].row)
    assert len(every) == 1 + len(good.cells)
    for row, cell in zip(every[1:], good.cells, strict=True):
        assert row == ["" if v is None else str(v) for v in cell.row.values()]
    networks = saved(browser, "section[aria-labelledby=networks]", "This table as CSV")
    assert networks[1][:4] == ["net_a", "90.00", "100.00", "1024"]


def test_nothing_in_a_saved_table_is_a_formula(
    browser: Browser, good: StudyResults, tmp_path: Path
) -> None:
    named = replace(good, networks=tuple(replace(n, source="=1+1,2") for n in good.networks))
    visit(browser, named, tmp_path)
    table = saved(browser, "section[aria-labelledby=networks]", "This table as CSV")
    assert table[1][table[0].index("Source")] == "'=1+1,2"


@pytest.mark.parametrize(("count", "most"), [(2, 6), (10, 9), (40, 14)])
def test_in_print_nothing_is_cut(
    browser: Browser, make: Callable[..., StudyResults], tmp_path: Path, count: int, most: int
) -> None:
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed")
    found = of_many(make, count)
    visit(browser, found, tmp_path)
    options = {"preferCSSPageSize": True, "printBackground": True}
    printed = browser.execute_cdp_cmd("Page.printToPDF", options)["data"]
    (tmp_path / "page.pdf").write_bytes(b64decode(printed))
    subprocess.run([reader, "-bbox", "page.pdf"], cwd=tmp_path, check=True)
    text = (tmp_path / "page.html").read_text()
    pages = re.findall(r'<page width="(.*?)" height="(.*?)">', text)
    assert len(pages) <= most
    across = float(pages[0][0]) > float(pages[0][1])
    assert across is (count > 12)
    words = re.findall(r'<word xMin="(.*?)" .*? xMax="(.*?)" .*?>(.*?)</word>', text)
    assert max(float(right) for _, right, _ in words) <= float(pages[0][0]) - 30
    shown = [word for _, _, word in words]
    for cell in found.cells:
        assert f"{cell.top1:.2f}" in shown
    cells = [word for word in shown if re.fullmatch(r"\d\d\.\d\d", word)]
    assert len(cells) >= 2 * count * count


def test_a_page_of_one_network_has_no_complaint(
    browser: Browser, make: Callable[..., StudyResults], tmp_path: Path
) -> None:
    visit(browser, make({"ols": [[90.0]]}), tmp_path)
    assert visible(browser, ".panel, .tabs, .metrics") == []
    assert len(visible(browser, "section[aria-labelledby=networks] tbody tr")) == 1
    assert complaints(browser) == []
