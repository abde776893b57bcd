"""What should be true now: pure decisions over the observed world, one file per decision, joined by `plan`."""
