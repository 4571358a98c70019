"""The checks of `edgeprof-agent doctor`: a module for each part of the device, a function for each check.

Each module has one function that takes the configuration and returns its checks; `examination.py` lists them.
"""
