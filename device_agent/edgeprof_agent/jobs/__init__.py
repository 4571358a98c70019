"""Jobs on the device: queue, journal, fair-share order of hosts, and the worker process of each job."""
