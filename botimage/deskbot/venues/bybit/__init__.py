"""Bybit v5: its requests, lists and rows."""
