"""The engine on the reference workload: how fast it decides, and that it decides the same as everybody else."""
