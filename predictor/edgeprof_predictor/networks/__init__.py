"""The paper's networks and their training."""
