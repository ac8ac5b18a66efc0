"""How a workflow becomes a Beam graph; data passes through the modules as they read."""
