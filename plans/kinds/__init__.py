"""Kinds: what a change is, and the pure rules over it. No I/O, no clock, no randomness."""
