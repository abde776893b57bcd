"""The Binance dialect: spot (`/api`, `/sapi`) and USD-M futures (`/fapi`), REST, streams and WebSocket API."""
