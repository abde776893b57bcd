"""Binance spot and USD-M futures: their requests, lists and rows."""
