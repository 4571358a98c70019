"""The same work on several devices at once: each has a thread and a connection of its own, and stops no other."""
