"""What this device is: its hardware, its runtimes, and the process that finds out."""
