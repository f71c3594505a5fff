"""Archive and Register: the two primitives that keep state, and their embedded backends."""
