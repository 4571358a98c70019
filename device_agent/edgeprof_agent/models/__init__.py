"""Model files on the device: where they are kept, and what is checked before an engine reads one."""
