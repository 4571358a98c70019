"""Measuring models on devices: sessions, estimates, comparisons, verification."""
