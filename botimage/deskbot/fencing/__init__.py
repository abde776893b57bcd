"""Who may trade: the protocol of the bot's Lease, as pure decisions."""
