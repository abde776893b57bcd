"""The engine and the matching core in virtual time: the same decisions as live, without sockets or a clock."""
