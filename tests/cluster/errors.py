"""What the cluster bring-up can fail with."""


class ClusterError(Exception):
    """One line for a person: what is wrong, where, and what would be right."""


class MissingProgramError(ClusterError):
    """This machine lacks something that the tier needs and that we do not install."""
