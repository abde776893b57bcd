"""The engine: pure, deterministic, exact. It imports no network client, clock, random source or storage."""
