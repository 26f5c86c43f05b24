import contextlib
import json
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

OPTIONS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--window-size=1400,1000"),
    *("--no-sandbox", "--disable-dev-shm-usage"),  # as root, in a container
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),  # nothing but the page
)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, driven as a user would drive it."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if missing := [name for name, path in programs.items() if not path]:
        pytest.skip(f"needs {' and '.join(missing)}: tests/browser/install.sh installs them from Debian's packages")
    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    for option in OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=Service(programs["chromedriver"]))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The same; in the end nothing was written to its console, and nothing was asked for but files and data."""
    for kind in ("browser", "performance"):
        chromium.get_log(kind)  # what belongs to others
    yield chromium
    assert [line["message"] for line in chromium.get_log("browser")] == []
    asked = []
    for line in chromium.get_log("performance"):
        message = json.loads(line["message"])["message"]
        with contextlib.suppress(KeyError):
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
    assert asked and [url for url in asked if not url.startswith(("file:///", "data:", "about:"))] == []
