"""Hostile input for an agent: mutated messages and mutated models, sent to a real process over a real connection."""
