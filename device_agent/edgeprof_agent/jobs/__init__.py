"""Jobs on the device: the queue, its journal, the order of hosts, and the worker process of each job."""
