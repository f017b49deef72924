"""Being told in time: conditions, whether they hold, and messages when they begin and when they end.

The same conditions are what `notifykit health` looks at. An alert goes out as a message of the outbox, so what is told
is as durable as all else, and limits and pauses of its channel hold for it.
"""
