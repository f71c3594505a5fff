"""Read-only views on targets, used by both sides so that "before" means the same to both."""
