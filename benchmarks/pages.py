"""How long a browser takes to open a page of many results, from the disk.

    python benchmarks/pages.py [ROWS]

Writes the page, opens it five times in a Chromium without a window, and prints its size, the time to make it, and the
times from the start of the navigation until the page is loaded and its first frame is drawn, in milliseconds.
"""

import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

import edgeprof

OPEN_COUNT = 5

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

DRAWN = """
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
"""


def document(row_count: int) -> dict[str, object]:
    """A table of results that were never measured."""
    rows = [
        {
            "number": number,
            "time": "2026-01-01T00:00:00+00:00",
            "device_name": f"board {number % 7}",
            "runtime": ("onnxruntime", "openvino", "litert")[number % 3],
            "runtime_version": "1.2.3",
            "precision": ("float32", "int8")[number % 2],
            "threads": 1 + number % 4,
            "name": f"|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2| {number}",
            "latency_ms": 1 + number * 7919 % 1000 / 10,
            "lower_ms": 0.99 + number * 7919 % 1000 / 10,
            "upper_ms": 1.01 + number * 7919 % 1000 / 10,
            "verdict": ("stable", "noisy", "drifting")[number % 3],
        }
        for number in range(row_count)
    ]
    return {
        "kind": "results",
        "title": f"{row_count} results",
        "edgeprof_version": "",
        "made_time": "2026-01-01T00:00:00+00:00",
        "rows": rows,
        "models": None,
    }


def main() -> None:
    """Write the page, open it, and print the times."""
    row_count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        options = Options()
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        begin_s = time.perf_counter()
        path = edgeprof.write_report(document(row_count), Path(folder) / "page.html")
        made_s = time.perf_counter() - begin_s
        print(f"{row_count} rows: {path.stat().st_size / 1e6:.1f} MB, made in {made_s:.2f} s")
        with webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver")) as browser:
            for _ in range(OPEN_COUNT):
                browser.get(path.as_uri())
                drawn_ms = browser.execute_async_script(DRAWN)
                loaded_ms = browser.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
                print(f"loaded after {loaded_ms:.0f} ms, drawn by {drawn_ms:.0f} ms")


if __name__ == "__main__":
    main()
