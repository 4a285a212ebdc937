"""The page in a browser: it says the same, sorts, filters, and asks nothing of the network."""

import json
import re
import shutil
import tempfile

import pytest

from toolkit_adapters.records import open_results
from toolkit_adapters.reporting.collect import collect
from toolkit_adapters.reporting.write import write_report

MEGABYTES = 1e6


@pytest.fixture(scope="module")
def report(standard, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(collect(open_results(standard)), out)
    return out


@pytest.fixture(scope="module")
def page(report):
    return (report / "report.html").read_text(encoding="utf-8")


def test_the_page_is_whole_by_itself(page):
    assert len(page.encode()) < 5 * MEGABYTES
    assert not re.search(r"""(src|srcset|href)=["'](?!data:|#)""", page)
    assert "url(" not in page
    assert "@import" not in page
    body = re.sub(r"data:[^\"']*", "", page)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", body))
    assert not addresses


def test_the_first_screen_says_what_a_stranger_asks(page):
    """What each variant executes, what its claim means, and what controls are for."""
    first = page[: page.index('id="the-paper-and-ours"')]
    assert "With the official expression in place, a block of queries at a time: 100.00%" in first
    assert "Claims tolerance (the baseline&#39;s network output within rounding of" in first
    assert (
        "Every claim holds, and every control: the baseline, run again, equals itself; "
        "hit_nano_bf16 does not, as it must not."
    ) in first


def test_a_name_breaks_behind_an_underscore(page):
    assert ">hit_<wbr>nano_<wbr>memeff</th>" in page


def test_the_first_screen_answers_and_names_the_paper(page):
    first = page[page.index('class="answers"') : page.index('id="the-paper-and-ours"')]
    for words in ("Is it the same tracker?", "How much faster?", "How much less memory?"):
        assert words in first
    assert first.count("The paper says") == 3
    assert "7.82 → 6.45 ms" in first
    assert "Not so for hit_nano_memeff" in first
    assert "thing-1, frame 11" in first
    assert "No GPU was at hand" in page


def test_everything_has_a_name_for_those_who_cannot_see_it(page):
    assert '<html lang="en">' in page
    images = re.findall(r"<img [^>]*>", page)
    assert images
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)
    tables = page.count('<table class="data"')
    assert page.count("<caption>") == tables
    assert page.count('role="region"') == tables
    assert 'scope="row"' in page


def test_figures_are_written_in_both_forms(report):
    names = {path.stem for path in (report / "figures").glob("*.svg")}
    expected = {"variants", "divergence", "latency_distributions", "latency_series", "tradeoff"}
    expected |= {"sparklines_hit_nano_memeff", "sparklines_hit_nano_bf16"}
    assert names == expected | {"curves_demo_lasot", "curves_demo_trackingnet"}
    for name in names:
        assert (report / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        svg = (report / f"figures/{name}.svg").read_text()
        assert svg.startswith("<svg")
        assert "<text" in svg
        assert f"figures/{name}.png" in (report / "report.md").read_text()
    curves = (report / "figures/success_demo_lasot.pgf").read_text()
    assert curves.count("addplot") == 3
    assert r"hit\_nano\_exact" in curves


def test_names_from_files_cannot_become_markup(maker):
    """A results folder comes from anybody, and its names are printed on the page."""
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    maker.write("hit_nano_exact", dataset, seconds=0.02)
    path = maker.results / "hit_nano_exact/demo-lasot/run.json"
    content = json.loads(path.read_text())
    content["provenance"]["command"] = "<script>alert(1)</script>"
    path.write_text(json.dumps(content))
    write_report(collect(open_results(maker.results)), maker.folder / "out")
    text = (maker.folder / "out/report.html").read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; its own profile, nothing in the background."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip(
            "chromium and chromedriver (Debian: chromium chromium-driver) are not installed"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (
            "headless=new",
            "no-sandbox",
            "disable-gpu",
            "disable-quic",
            "disable-dev-shm-usage",
            "no-first-run",
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
            "window-size=1280,900",
            f"user-data-dir={profile}",
        ):
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        found = webdriver.Chrome(options=options, service=Service(driver))
        found.set_page_load_timeout(60)
        found.set_script_timeout(30)
        try:
            yield found
        finally:
            found.quit()


@pytest.fixture
def opened(browser, report):
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get((report / "report.html").as_uri())
    return browser


def column(browser, table, index):
    script = """
        return Array.from(document.querySelectorAll(`#${arguments[0]} tbody tr`))
            .filter((row) => !row.hidden).map((row) => row.cells[arguments[1]].textContent)"""
    return browser.execute_script(script, table, index)


def click(browser, table, index):
    browser.execute_script(
        "document.querySelectorAll(`#${arguments[0]} thead button`)[arguments[1]].click()",
        table,
        index,
    )


@pytest.mark.slow
def test_no_error_and_no_request(opened):
    opened.execute_script(
        "document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })"
    )
    errors = [e for e in opened.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
    assert errors == []
    messages = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    requests = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    # The browser's own start page may still be loading: only our page's requests count.
    urls = {r["request"]["url"] for r in requests if r["documentURL"].startswith("file:")}
    assert {url.split(":", 1)[0] for url in urls} == {"file", "data"}
    assert len([url for url in urls if url.startswith("file:")]) == 1
    widths = opened.execute_script("return Array.from(document.images).map((i) => i.naturalWidth)")
    assert len(widths) >= 6
    assert all(width > 0 for width in widths)


@pytest.mark.slow
def test_tables_sort_by_number_both_ways(opened):
    index = [h.text for h in opened.find_elements("css selector", "#latency thead th")]
    mean = next(i for i, text in enumerate(index) if text.startswith("mean ms"))
    click(opened, "latency", mean)
    up = [float(text) for text in column(opened, "latency", mean)]
    assert up == sorted(up)
    assert len(set(up)) > 3
    click(opened, "latency", mean)
    assert [float(text) for text in column(opened, "latency", mean)] == up[::-1]
    head = opened.find_elements("css selector", "#latency thead th")[mean]
    assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.slow
def test_cells_without_a_value_stay_last(opened):
    headings = [h.text for h in opened.find_elements("css selector", "#latency thead th")]
    ratio = next(i for i, text in enumerate(headings) if text.startswith("×"))
    for _ in range(2):
        click(opened, "latency", ratio)
        values = column(opened, "latency", ratio)
        assert "–" in values
        assert "–" not in values[: -values.count("–")]


@pytest.mark.slow
def test_filters_work_from_the_keyboard(opened):
    field = opened.find_element("id", "filter-sequences")
    field.send_keys("memeff thing")
    rows = column(opened, "sequences", 0)
    assert rows == ["hit_nano_memeff"] * 3
    assert opened.find_element("id", "tools-sequences").text.endswith("3 of 14 rows")
    field.clear()
    field.send_keys(" ")
    assert len(column(opened, "sequences", 0)) == 14


@pytest.mark.slow
def test_nothing_is_wider_than_a_narrow_screen(opened):
    metrics = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert opened.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_page(opened, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    script = """
        const paint = (e, name) => getComputedStyle(e)[name].match(/\\d+/g).slice(0, 3).map(Number);
        const page = paint(document.body, "backgroundColor");
        return [page, ...["body", ".note", ".good", ".bad", "a[href^='#the']"].map(
            (s) => paint(document.querySelector(s), "color"))]"""
    page, *inks = opened.execute_script(script)

    def luminance(colour):
        parts = [c / 255 for c in colour]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    assert (luminance(page) > 0.5) == (scheme == "light")
    for ink in inks:
        light, dark = sorted((luminance(page), luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
