"""Search a space for the most accurate network that keeps a latency limit, training few.

A *guide* ranks the candidates to train next, a *latency posterior* gives the probability that a candidate keeps the
limit. A function of the caller trains, another one measures. `procedure` joins them; `state` writes every result to
disk before the next training or measurement begins.
"""
