"""Search a space for the most accurate network that keeps a latency limit, training few.

A *guide* says which candidate is worth training next, a *latency belief* which ones keep the limit, the *oracle* trains
and the *meter* measures; both are the caller's. `procedure` joins them, and `state` has every fact on disk before the
next is asked for.
"""
