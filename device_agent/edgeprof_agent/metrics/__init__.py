"""Figures of the running agent for Prometheus, on request: `edgeprof-agent serve --metrics`. Imported only then."""
