"""AWS emulators as servers for the tests. What each may prove is in ``servers.py``."""
