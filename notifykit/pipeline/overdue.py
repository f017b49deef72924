"""When a call is overdue. Apart from the dispatcher, because those that only look need no more of it."""

OVERDUE = 3.0
"""Timeouts after which a call that has not returned is reported."""
