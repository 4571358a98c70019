"""What `edgeprof-agent doctor` looks at: a module for each part of the device, a function for each check.

A group is a function from the configuration to checks; `examination.py` holds the list of them.
"""
