"""The dashboard: pages over the store of this host, served to this machine alone."""
