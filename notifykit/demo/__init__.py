"""The demonstration: a small world, a group robot on loopback, and a story that proves its own claim."""
