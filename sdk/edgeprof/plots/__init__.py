"""Plots, one module each."""
