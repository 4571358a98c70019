"""The FBNet search space."""
