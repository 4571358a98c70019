"""The description of this device: its hardware and runtimes, and the process that reads them."""
