"""Acts: applies plans to targets under their fences. Makes no choice that a plan could have made."""
