"""``python -m planfence``."""

from __future__ import annotations

import sys

from planfence.cli import main

if __name__ == "__main__":
    sys.exit(main())
