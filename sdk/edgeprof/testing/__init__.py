"""A simulated device for tests."""
