"""The board's side of `edgeprof deploy`: makes the environment, starts the agent from it, and removes both.

`python -m edgeprof_agent.deployment` runs with any Python 3.10 or later from the wheel itself, before anything is
installed.
"""
