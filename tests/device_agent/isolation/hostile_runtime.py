"""A runtime that does, in a real worker, what the model's file tells it to, and reports how that went.

The tests put it on the path of a worker as a package of its own would be, with an entry point.
"""

import ctypes
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import RunFailedError
from edgeprof_agent.runtimes.base import LoadedModel, Runtime
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting


class HostileRuntime(Runtime):
    """The runtime "hostile"."""

    name = "hostile"

    def describe(self) -> RuntimeInfo:
        return RuntimeInfo(name=self.name, version="1", providers=("P",), precisions=("float32",))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        act, _, argument = model_path.read_text().partition(" ")
        try:
            outcome = globals()[f"act_{act}"](argument)
        except OSError as error:
            outcome = f"refused: {error.strerror}"
        raise RunFailedError(str(outcome))


def act_variables(argument: str) -> Any:
    return sorted(os.environ)


def act_read(argument: str) -> Any:
    return Path(argument).read_bytes()


def act_list(argument: str) -> Any:
    return sorted(os.listdir(argument))


def act_write(argument: str) -> Any:
    return Path(argument).write_text("traces")


def act_scratch(argument: str) -> Any:
    Path("file").write_text("mine")
    return Path("file").read_text()


def act_connect(argument: str) -> Any:
    socket.create_connection(("127.0.0.1", int(argument)), timeout=5).close()
    return "connected"


def act_unix_socket(argument: str) -> Any:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(argument)
    return "connected"


def act_program(argument: str) -> Any:
    return subprocess.run([sys.executable, "-V"], capture_output=True, text=True).stdout


def act_fork_bomb(argument: str) -> Any:
    while True:
        os.fork()


def act_thread_bomb(argument: str) -> Any:
    count = 0
    try:
        while count < 5_000:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            count += 1
    except (RuntimeError, MemoryError):
        return f"stopped at {count}"
    return "never stopped"


def act_memory_hog(argument: str) -> Any:
    held = []
    while True:
        held.append(bytearray(16 * 2**20))


def act_native_memory_hog(argument: str) -> Any:
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    while library.malloc(ctypes.c_size_t(16 * 2**20)):
        pass
    # What the C++ library says when `new` finds nothing and nobody catches it.
    print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
    os.abort()


def act_large_file(argument: str) -> Any:
    with open("large", "wb") as file:
        while True:
            file.write(bytes(2**20))


def act_many_files(argument: str) -> Any:
    for number in range(int(argument)):
        Path(f"part{number}").write_bytes(bytes(8 * 2**20))
    return "all written"


def act_kill_agent(argument: str) -> Any:
    os.kill(os.getppid(), 9)
    return "sent"


def act_leave_group(argument: str) -> Any:
    os.setsid()
    return "left"


def act_hang(argument: str) -> Any:
    threading.Event().wait()


def act_user(argument: str) -> Any:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    return {name: status[name].split()[-1] for name in ("Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
