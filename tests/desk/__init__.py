"""The whole desk on a real cluster: what a user of kubectl sees."""
