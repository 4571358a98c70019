"""Exporters write a network in a model format; one module a format."""
