"""Which test holds which control."""
