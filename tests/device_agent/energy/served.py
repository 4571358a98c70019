"""An agent on a random port whose sensors lie below the folder EDGEPROF_AGENT_TEST_ROOT."""

import asyncio
import functools
import os
from pathlib import Path

from edgeprof_agent import server
from edgeprof_agent.config import read_config
from edgeprof_agent.energy.meter import EnergyMeter
from edgeprof_agent.jobs.job_queue import JobQueue

if __name__ == "__main__":
    meter = EnergyMeter(Path(os.environ["EDGEPROF_AGENT_TEST_ROOT"]))
    server.JobQueue = functools.partial(JobQueue, energy_meter=meter)  # type: ignore[misc, assignment]
    config = read_config({"listen": "127.0.0.1:0", "insecure": True}, os.environ)
    asyncio.run(server.serve(config, on_ready=lambda line: print(line, flush=True)))
