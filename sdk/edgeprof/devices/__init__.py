"""Devices: how an agent is reached, trusted, questioned and started here."""
