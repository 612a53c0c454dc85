"""Dependency graphs: nodes, edges, orders, cycles. Knows nothing of stacks."""
