"""The dashboard as a process of its own, over a real store and a device that is busy, looked at with a real browser."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from factories import model_of
from sdk.pages.made_up import PLATFORM, SCRIPT, SPACE, Measured, measurement
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

import edgeprof
from edgeprof.errors import InvalidArgumentError
from edgeprof.store import MeasurementRequest, Store
from edgeprof.testing import Fault, FaultKind, SimulatedDevice, SimulationConfig
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan

PATIENCE_S = 60.0

NOWHERE = "127.0.0.1:1"

HANGS = SimulationConfig(faults=(Fault(kind=FaultKind.HANG),))


@dataclass(frozen=True)
class Served:
    """A dashboard that runs.

    Args:
        address: Of its first page.
        store: File of its store.
        folder: The folder whose profiles it shows.
    """

    address: str
    store: Path
    folder: Path


@contextmanager
def dashboard_of(store: Path, folder: Path) -> Iterator[str]:
    """The address of a dashboard over a store and the profiles in a folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "edgeprof", "dashboard", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "EDGEPROF_STORE": str(store)},
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and stderr == "ended\n", stderr


@pytest.fixture(scope="module")
def served(measured: Measured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard over a copy of the store, with a device that measures for ever and one that is not there."""
    folder = tmp_path_factory.mktemp("served")
    store_path = Path(shutil.copy(measured.store, folder / "store.sqlite3"))
    shutil.copy(measured.profile, folder / f"board {SCRIPT.replace('/', '')}.edgeprof")
    (folder / "secret.txt").write_text("secret")
    with SimulatedDevice(folder / "device", HANGS) as device, edgeprof.connect(device.address) as client:
        model_sha256 = client.upload_model(model_of(SPACE, SPACE.sample(1, seed=1)[0]))
        client.create_job("hangs", JobSpec(model_sha256=model_sha256, setting=device.setting))
        with Store(store_path) as store:
            description = client.device()
            store.record_device(description, device.address)
            store.record_device(replace(description, device_id="absent", board=SCRIPT), NOWHERE)
        with dashboard_of(store_path, folder) as address:
            yield Served(address, store_path, folder)


def answer(served: Served, path: str, *, host: str = "", method: str = "GET") -> tuple[int, str]:
    headers = {"Host": host} if host else {}
    request = urllib.request.Request(served.address.rstrip("/") + path, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def test_the_first_page_says_what_devices_do_and_follows_an_onboarding(served: Served, browser: Chrome) -> None:
    browser.get(served.address)
    live = browser.find_element(By.ID, "live")
    assert "4\n0 planned, 0 failed" in live.text and "5.0%" in live.text
    assert len(live.find_elements(By.CSS_SELECTOR, "figure svg")) == 1
    wait_until(lambda: "measuring" in live.text and "not reachable" in live.text)
    with Store(served.store) as store:
        session = next(one.record for one in store.open_sessions() if one.purpose == "onboarding")
        store.plan_probes(session, [SPACE.format(SPACE.sample(40, seed=2)[-1])])
        request = MeasurementRequest(setting=PLATFORM.setting, plan=MeasurementPlan().filled())
        attempt = store.begin_attempt(session, store.probes(session)[-1], request)
        wait_until(lambda: "1 planned" in live.text)
        store.record_measurement(attempt.job_id, PLATFORM, measurement(3.0))
        # Though it measured a moment ago: no process is at it.
        assert "interrupted" in live.text and "running" not in live.text
        with store.session(PLATFORM, SPACE.name, 0, purpose="onboarding"):
            wait_until(lambda: "running" in live.text)
        wait_until(lambda: "running" not in live.text)
    wait_until(lambda: "5\n0 planned, 0 failed" in live.text)
    assert browser.execute_script("return window.hurt") is None
    assert browser.get_log("browser") == []


def test_every_page_is_a_click_away(served: Served, browser: Chrome) -> None:
    browser.get(served.address)
    browser.find_element(By.PARTIAL_LINK_TEXT, ".edgeprof").click()
    assert browser.title == f"nasbench201 on {PLATFORM.device_name}"
    assert len(browser.find_elements(By.CSS_SELECTOR, "figure svg")) == 4
    browser.find_element(By.LINK_TEXT, "Results").click()
    browser.find_element(By.LINK_TEXT, "2").click()
    assert "Latency over time" in browser.find_element(By.TAG_NAME, "main").text
    browser.find_element(By.NAME, "first").send_keys("1")
    browser.find_element(By.NAME, "second").send_keys("2")
    browser.find_element(By.CSS_SELECTOR, "nav button").click()
    wait_until(lambda: "/compare" in browser.current_url)
    assert "ratio of the medians" in browser.find_element(By.TAG_NAME, "main").text
    assert browser.execute_script("return window.hurt") is None
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1].evil.example"])
def test_who_asks_by_another_name_gets_nothing(served: Served, host: str) -> None:
    status, text = answer(served, "/", host=host)
    assert status == 400 and "edgeprof" not in text


def test_nothing_but_the_listed_profiles_is_read_and_nothing_is_written(served: Served) -> None:
    for path in (served.folder / "secret.txt", served.folder / ".." / "x.edgeprof", served.store):
        status, text = answer(served, f"/profile?path={quote(str(path))}&subject=nasbench201")
        assert status == 404 and "there is no such profile" in text
    assert answer(served, "/results/999")[0] == 404
    status, text = answer(served, f"/compare?first={quote(SCRIPT)}&second=1")
    assert status == 404 and "must be the number of a result" in text and SCRIPT not in text
    for method in ("POST", "PUT", "DELETE"):
        assert answer(served, "/results/1", method=method)[0] == 405


def test_what_cannot_be_served_is_one_sentence(served: Served, tmp_path: Path) -> None:
    port = int(served.address.rstrip("/").rpartition(":")[2])
    with pytest.raises(InvalidArgumentError, match="cannot listen on port"):
        edgeprof.serve_dashboard(tmp_path, port=port, store=served.store)
    with pytest.raises(InvalidArgumentError, match="there is nothing at"):
        edgeprof.serve_dashboard(tmp_path / "absent", store=served.store)


def test_a_store_that_is_empty_or_gone_is_said_and_not_made_anew(tmp_path: Path, browser: Chrome) -> None:
    store_path = tmp_path / "store.sqlite3"
    with dashboard_of(store_path, tmp_path) as address:
        browser.get(f"{address}results")
        assert "the store holds none" in browser.find_element(By.TAG_NAME, "main").text
        browser.get(address)
        store_path.rename(tmp_path / "moved.sqlite3")
        told = browser.find_element(By.ID, "ended")
        wait_until(lambda: f"the store {store_path} is gone" in told.text)
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(address)
        assert not store_path.exists()
        (tmp_path / "moved.sqlite3").rename(store_path)
        wait_until(lambda: not told.is_displayed())
        # The browser logs each request that was refused: these are no errors of the page that is looked at next.
        browser.get("about:blank")
        browser.get_log("browser")
