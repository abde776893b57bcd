"""The bot: one engine process that serves one TradingBot object."""

__version__ = "0.1.0"
