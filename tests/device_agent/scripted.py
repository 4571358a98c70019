"""An agent on a random port, or at EDGEPROF_AGENT_LISTEN, whose worker does what option `act` says; and that worker.

python scripted.py serve | describe | work FD
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ACTS = (
    *("measure", "hang", "hang_once", "crash", "exit", "garbage", "half_line", "refuse", "chatter", "leave_child"),
    *("hang_loading", "hang_loading_once", "hang_measuring", "hang_measuring_once", "hang_deaf"),
)


def serve() -> None:
    from edgeprof_agent.config import read_config
    from edgeprof_agent.server import serve

    flags = {"listen": os.environ.get("EDGEPROF_AGENT_LISTEN", "127.0.0.1:0"), "insecure": True}
    config = read_config(flags, os.environ)
    asyncio.run(
        serve(
            config,
            on_ready=lambda line: print(line, flush=True),
            worker_command=(sys.executable, __file__, "work"),
            describe_command=(sys.executable, __file__, "describe"),
        )
    )


def describe() -> None:
    if marker := os.environ.get("EDGEPROF_AGENT_SLOW_DESCRIPTION"):
        Path(marker).write_text(str(os.getpid()))
        signal.pause()
    option = {"name": "act", "values": ACTS}
    runtimes: list[dict[str, Any]] = [
        {"name": "scripted", "version": "1", "providers": ["P"], "precisions": ["float32"], "options": [option]},
        {"name": "absent", "unavailable_reason": "install it"},
    ]
    device = {
        "host_name": "here",
        "cpu": {"architecture": "none", "core_count": 1},
        "operating_system": "none",
        "kernel": "none",
        "execution_context": {"python_version": "3"},
        "runtimes": runtimes,
    }
    print(json.dumps(device))


def work(pipe: int) -> None:
    request = json.loads(sys.stdin.readline())
    spec, attempt = request["spec"], request["attempt"]

    def tell(event: str, **fields: Any) -> None:
        os.write(pipe, json.dumps({"event": event, **fields}).encode() + b"\n")

    def block(is_warmup: bool, *latency_ms: float) -> None:
        tell("block", is_warmup=is_warmup, start_ms=0.0, latency_ms=latency_ms)

    act = spec["setting"]["options"].get("act", "measure")

    def hang_if(name: str) -> None:
        if act == name or (act == f"{name}_once" and attempt == 1):
            signal.pause()

    tell("progress", phase="loading")
    hang_if("hang_loading")
    tell("progress", phase="warming_up")
    block(True, 9.0, float(attempt))
    hang_if("hang")
    if act == "crash":
        print("about to crash", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "engine_crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if act == "exit":
        sys.exit(3)
    if act == "garbage":
        os.write(pipe, b"no event\n")
        signal.pause()
    if act == "half_line":
        os.write(pipe, b'{"event": "blo')
        sys.exit(0)
    if act == "refuse":
        tell("failure", reason="ERROR_REASON_MODEL_REJECTED", message="no model")
    if act == "leave_child":
        child = subprocess.Popen((sys.executable, "-c", "import signal; signal.pause()"))
        tell("failure", reason="ERROR_REASON_RUN_FAILED", message=str(child.pid))
    if act == "chatter":
        print(json.dumps({"event": "failure", "reason": "", "message": "not meant"}), flush=True)
    if act == "hang_deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell("progress", phase="measuring")
    block(False, 1.0, 2.0)
    hang_if("hang_measuring")
    if act == "hang_deaf":
        while True:
            signal.pause()
    block(False, 3.0)
    tell("measurement", **measurement_of(spec))


def measurement_of(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "model_sha256": spec["model_sha256"],
        "setting": spec["setting"],
        "plan": spec["plan"],
        "start_time": 1.5,
        "load_ms": 1.0,
        "first_inference_ms": 9.0,
        "conditions_before": {},
        "conditions_after": {"temperatures": [{"zone": "cpu", "temperature_celsius": 40.5}]},
        "verdict": {
            "kind": "stable",
            "evidence": [{"name": "spread", "value": 0.1, "limit": 0.2, "is_exceeded": False}],
        },
        "total_ms": 20.0,
    }


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(int(sys.argv[2]))
    else:
        {"serve": serve, "describe": describe}[sys.argv[1]]()
