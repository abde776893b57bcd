"""Work on a bot's venue that needs no engine: it runs in a Job, with the venue and the Secret alone."""
