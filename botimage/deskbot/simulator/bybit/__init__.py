"""The Bybit v5 dialect: what a request means, what an answer looks like, which code refuses what."""
