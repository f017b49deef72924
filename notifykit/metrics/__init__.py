"""Figures for monitors: what a store says, in the format that Prometheus reads.

Values come from the store and not from what a process has counted, so any process can tell them, also one that begins
and ends with each pass. Counters are totals that the store only adds to (`notifykit.outbox.totals`).
"""
