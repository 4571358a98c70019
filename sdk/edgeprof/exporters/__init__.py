"""Exporters write networks in the format and precision that a device's runtime reads; one module a format."""
