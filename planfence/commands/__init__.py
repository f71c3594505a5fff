"""One module per command, imported when asked for.

A module's top imports click and ``planfence.app`` only, because ``planfence --help`` loads
them all; stores, documents and both sides are imported inside the function that runs.
"""
