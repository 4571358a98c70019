"""The agent as a service of systemd: its unit, and the two commands that bring it and take it away."""
