"""Lint: what is valid in a template and still likely wrong, risky or hard to keep. One rule a file, in `rules`."""
