"""The job: generate, dispatch, settle, each a verb of its own, and run, which repeats all three."""
