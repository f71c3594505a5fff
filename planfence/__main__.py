"""The process that one run of ``planfence`` is, also as ``python -m planfence``."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Run this process's command line with the cyclic collector off, and return the exit code.

    A run loads modules and documents, leaves few cycles and ends: the collector would look at all
    of it again and again, and once more when the interpreter ends unless it is frozen by then.
    """
    gc.disable()
    from planfence.cli import main

    code = main()
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(run())
