"""The bot: one engine process that serves one TradingBot object."""
