"""The commands of `edgeprof-agent`, one module each with `add_parser` and `run`."""
