"""Deterministic simulation: one seed is one life of a bot in virtual time, with everything that can go wrong in it."""
