"""Energy of runs, where the device has a sensor that tells it: read by the server, outside the timed loop."""
