"""The whole table of documented behaviour."""

from __future__ import annotations

from typing import Final

from tests.doubles.route53 import (
    behaviours_of_batches,
    behaviours_of_limits,
    behaviours_of_listing,
    behaviours_of_routing,
    behaviours_of_values,
)

BEHAVIOURS: Final = (
    *behaviours_of_batches.ALL,
    *behaviours_of_limits.ALL,
    *behaviours_of_values.ALL,
    *behaviours_of_routing.ALL,
)
LISTINGS: Final = behaviours_of_listing.ALL
