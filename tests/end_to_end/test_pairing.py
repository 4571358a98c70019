"""From a bare device to a paired host, with real processes, and where the secrets have got to on the way."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

AGENT = [sys.executable, "-m", "edgeprof_agent"]
HOST = [sys.executable, "-m", "edgeprof"]
IDLE_MIB = 45


def command_line(process: "subprocess.Popen[str]") -> bytes:
    return Path(f"/proc/{process.pid}/cmdline").read_bytes()


def resident_mib(process: "subprocess.Popen[str]") -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def key_lines(pem: str) -> list[bytes]:
    """The lines of every private key in a text."""
    keys = re.findall(r"-----BEGIN PRIVATE KEY-----(.*?)-----END", pem.replace("\\n", "\n"), re.DOTALL)
    return [line.encode() for key in keys for line in key.split()]


def assert_secrets_stay_in(folder: Path, holders: set[Path], codes: list[bytes], seen: list[bytes]) -> None:
    """Neither the codes nor the keys of the holders are in any other file of the folder, or in what was seen."""
    secrets = [*codes, *(line for holder in holders for line in key_lines(holder.read_text()))]
    assert len(secrets) > 6
    others = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and path not in holders]
    assert len(seen) + len(others) > 10
    for text in [*seen, *others]:
        assert not any(secret in text for secret in secrets)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads command lines and memory from /proc")
def test_bare_device_is_paired_by_two_commands_and_no_secret_leaves_its_file(tmp_path) -> None:
    data_dir, pairings, log = tmp_path / "agent", tmp_path / "host" / "pairings.json", tmp_path / "log"
    environment = {
        **os.environ,
        "EDGEPROF_PAIRINGS": str(pairings),
        "EDGEPROF_STORE": str(tmp_path / "host" / "store.sqlite3"),
        "EDGEPROF_AGENT_DATA_DIR": str(data_dir),
        "EDGEPROF_AGENT_DISK_RESERVE_BYTES": "0",
    }
    seen: list[bytes] = []

    def host(*arguments: str, code: str = "") -> int:
        with subprocess.Popen(
            [*HOST, "-v", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
        ) as process:
            seen.append(command_line(process))
            seen.append(process.communicate(code, timeout=60)[0].encode())
            return process.returncode

    initialised = subprocess.run([*AGENT, "init"], env=environment, capture_output=True, timeout=60)
    seen += [initialised.stdout, initialised.stderr]
    serve = [*AGENT, "serve", "--listen", "0.0.0.0:0", "--log-level", "DEBUG"]
    with (
        log.open("wb") as log_file,
        subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log_file, env=environment, text=True) as agent,
    ):
        try:
            address = f"127.0.0.1:{agent.stdout.readline().rpartition(':')[2].strip()}"
            seen.append(command_line(agent))
            assert host("devices", address) == 1
            with subprocess.Popen([*AGENT, "pair"], stdout=subprocess.PIPE, env=environment, text=True) as showing:
                seen.append(command_line(showing))
                code = showing.stdout.readline().removeprefix("code: ").replace(" ", "").strip()
                assert re.fullmatch(r"\d{8}", code)
                wrong = f"{(int(code) + 1) % 10**8:08}"
                assert host("pair", address, code=f"{wrong}\n") == 1
                assert host("pair", address, code=f"{code}\n") == 0
                seen.append(showing.communicate(timeout=60)[0].encode())
                assert showing.returncode == 0
            assert host("devices", address) == 0
            assert resident_mib(agent) <= IDLE_MIB
            listed = subprocess.run([*AGENT, "hosts"], env=environment, capture_output=True, timeout=60)
            seen.append(listed.stdout)
        finally:
            agent.terminate()

    assert pairings.stat().st_mode & 0o777 == 0o600
    codes = [code.encode(), wrong.encode(), f"{code[:4]} {code[4:]}".encode()]
    assert_secrets_stay_in(tmp_path, {pairings, data_dir / "device.key"}, codes, seen)
