"""The commands of `edgeprof-agent`: one module each, which adds its parser and runs what was asked for."""
