"""The agent as a systemd service: its unit, installation and removal, and notifications to systemd."""
