"""A browser without a window, and what pages are made of."""

import shutil
from collections.abc import Iterator

import pytest
from sdk.pages.made_up import Measured, made_up
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    # A container has little shared memory, in which a large page does not fit.
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Debian's Chromium, with a profile of its own."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary and driver, "scripts/test installs Debian's chromium and chromium-driver"
    options = Options()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield found
    finally:
        found.quit()


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A store and a profile, made once: no test changes them."""
    return made_up(tmp_path_factory.mktemp("measured"))
