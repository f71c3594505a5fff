"""Acts: applies plans to targets under their fences, with no choice that a plan could have made."""
