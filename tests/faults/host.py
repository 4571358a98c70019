"""A host as a process of its own: measures a model, writes the result to its store, acknowledges it.

python host.py ADDRESS JOB_ID ACT MODEL [STOP_AT]

It says each step in a line. At STOP_AT it waits for a line, or for its end.
"""

import sys
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job import JobEvent, JobState, Progress
from edgeprof_proto.records.job_spec import Setting


def main(address: str, job_id: str, act: str, model: str, stop_at: str = "") -> None:
    def say(step: str) -> None:
        print(step, flush=True)
        if step == stop_at:
            sys.stdin.readline()

    def on_event(event: JobEvent) -> None:
        if event.event is JobState.QUEUED:
            say("queued")
        if isinstance(event.event, Progress):
            say(event.event.phase.value)

    setting = Setting(runtime="scripted", options={"act": act})
    with DeviceClient(address, host_name="killed-host") as client, Store() as store:
        measurement = client.measure(Path(model), setting, job_id=job_id, on_event=on_event)
        say("measured")
        store.record_measurement(job_id, Platform(device_id="d", device_name="d", setting=setting), measurement)
        say("stored")
        client.acknowledge((job_id,))
        say("acknowledged")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EdgeprofError as error:
        sys.exit(str(error))
