"""The probe suite: small graphs whose operators are measured on a new platform (`docs/any_model.md`).

`suite` lists the probes, and `Probe.model` builds one. `graph_builder` holds a growing graph, `layers`, `reshaping` and
`blocks` what graphs are made of; every other module holds the probes of a kind.
"""
