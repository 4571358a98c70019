import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

from edgeprof_agent.service.notification import notify, notify_watchdog


def test_agent_tells_its_manager_when_it_is_ready_and_when_it_stops(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"}
        command = (sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0", "--data-dir")
        agent = subprocess.Popen((*command, str(tmp_path / "agent")), env=environment, stdout=subprocess.DEVNULL)
        try:
            assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
            agent.terminate()
            assert manager.recv(100) == b"STOPPING=1"
            assert agent.wait(10) == 0
        finally:
            agent.kill()
            agent.wait()


def test_nobody_who_listens_is_nothing_to_fail_of(tmp_path: Path) -> None:
    notify("READY=1", {})
    notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})


def test_watchdog_is_told_twice_within_its_time_by_the_process_it_watches() -> None:
    name = f"@edgeprof-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:])
        manager.settimeout(10)
        environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000"}

        async def watch_twice() -> None:
            task = asyncio.ensure_future(notify_watchdog(environment))
            for _ in range(2):
                assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
            task.cancel()

        asyncio.run(watch_twice())
    # Meant for another process, or not wanted: returns at once.
    asyncio.run(notify_watchdog({**environment, "WATCHDOG_PID": "1"}))
    asyncio.run(notify_watchdog({}))
