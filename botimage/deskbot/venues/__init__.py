"""Venues: exchange accounts and market data behind one small protocol (`protocol.py`)."""
