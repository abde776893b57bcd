"""The demo: a real local cluster, the desk, one bot, a halt. Also the cluster tier's helper for the same things."""
