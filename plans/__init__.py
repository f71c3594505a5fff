"""The shared contract: what a plan is, what it may do, and what is stored about it.

Both sides import this room; it imports neither. It deliberately re-exports nothing, so that a pure
module (``plans.kinds.dns``, say) never drags storage in.
"""
