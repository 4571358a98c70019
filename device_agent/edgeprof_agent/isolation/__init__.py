"""What keeps a worker away from the board: a model file is attack input, and so is the runtime once it has read one.

`plan.py` says what a worker may use, `confinement.py` applies it inside the worker before a runtime is imported,
`checks.py` tries it in a process of its own and tells what is in force on this board.
"""
