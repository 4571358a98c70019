"""The paper's tables and figures, computed anew: ours beside what the paper prints, and what differs.

`runs` scores a method on a split and keeps the scores, `rows`, `tables` and `figures` define the exhibits, `results`
takes their numbers from the scores, `render` writes page and pictures.
`python -m benchmarks.paper --help` names all exhibits.
"""
