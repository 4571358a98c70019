"""Methods to compare with: one module each."""
