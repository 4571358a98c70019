import subprocess
import sys
from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import environment_with_home, worker_environment


def test_a_process_with_another_home_finds_the_packages_of_its_user() -> None:
    program = "import site; print(site.getusersitepackages())"
    ours = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    program = (
        "import os, site, subprocess, sys\n"
        "site.ENABLE_USER_SITE = True\n"
        "from edgeprof_agent.isolation.plan import environment_with_home\n"
        f"print(subprocess.run([sys.executable, '-c', {program!r}], capture_output=True, text=True,"
        " env=environment_with_home('/nowhere', os.environ)).stdout.strip())\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == ours


def test_folders_of_the_user_are_not_passed_on() -> None:
    environment = {"HOME": "/home/me", "TMPDIR": "/tmp/me", "XDG_CACHE_HOME": "/home/me/.cache", "LANG": "C"}
    changed = environment_with_home("/scratch", environment)
    assert (changed["HOME"], changed["TMPDIR"], changed["LANG"]) == ("/scratch", "/scratch", "C")
    assert "XDG_CACHE_HOME" not in changed
    assert "/home/me" not in " ".join(worker_environment(AgentConfig(data_dir=Path("/data")), environment).values())
