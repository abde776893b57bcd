"""The reference workload, its tape and its venue."""
