"""The exchange simulator: a real venue's dialect in front of the matching core, over HTTP and WebSocket."""
