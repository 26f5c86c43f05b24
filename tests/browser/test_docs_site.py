"""The docs site in a real browser: from disk, on a telephone and on a desk, light and dark."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from browser.test_gallery import CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("docs")]


@pytest.mark.parametrize("width", [400, 1000, 1280, 1400])
def test_no_page_is_wider_than_the_window(browser, site, width):
    """Tables and code that are wider scroll by themselves."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wide = {}
        for path in sorted(site.glob("*.html")):
            browser.get(path.as_uri())
            found = browser.execute_script("return document.documentElement.scrollWidth")
            if found > width:
                wide[path.name] = found
        assert not wide
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "methods", "results", "how_it_works"])
def test_all_text_can_be_read_in_light_and_dark(browser, site, scheme, name):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        browser.get((site / f"{name}.html").as_uri())
        shade = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", shade)[:3])) < 150) == (scheme == "dark")
        assert browser.execute_script(CONTRAST) == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_every_picture_is_drawn(browser, site):
    for path in site.glob("*.html"):
        browser.get(path.as_uri())
        missing = "return [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src)"
        assert browser.execute_script(missing) == []


def test_the_search_finds_a_page_from_disk(browser, site):
    browser.get((site / "index.html").as_uri())
    browser.find_element(By.CSS_SELECTOR, "input.sidebar-search").send_keys("pseudo-label teacher", Keys.ENTER)
    methods = "#search-results li a[href*='methods.html']"
    WebDriverWait(browser, 60).until(lambda b: b.find_elements(By.CSS_SELECTOR, methods))
