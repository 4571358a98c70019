"""The paper's tables and figures, computed anew: ours beside what the paper prints, and what differs.

`runs` computes a method on a split and keeps the scores, `tables` and `figures` say what each exhibit shows,
`render` writes it down. `python -m benchmarks.paper --help` names all exhibits.
"""
