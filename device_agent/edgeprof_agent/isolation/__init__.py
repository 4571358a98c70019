"""Isolation of workers: a model file may be hostile, and so may the engine be once it has read one.

`plan.py` holds the limits of a worker, `confinement.py` applies them inside the worker before a runtime is imported,
`checks.py` tries them in a separate process and reports which are in force on this device.
"""
