"""Devices: connecting to agents, pairing, diagnosis, and an agent on this machine."""
