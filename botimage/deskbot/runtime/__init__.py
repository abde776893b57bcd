"""The shell of the engine: everything that touches time, disk, network and processes."""
