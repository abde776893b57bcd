"""The shell around `plan`: everything that talks to the cluster, takes time or runs side by side."""
