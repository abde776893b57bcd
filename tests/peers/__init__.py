"""The reference workload in other engines, measured beside ours; none of them is a dependency of the product."""
