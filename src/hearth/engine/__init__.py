"""Traversals, steps and recovery; the service layer that the faces call. The one place that combines what is below."""
