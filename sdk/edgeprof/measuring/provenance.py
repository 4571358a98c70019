"""Entries of a profile's provenance, which are texts: what a profile says of how it came about."""

EXPECTED_ERROR = "expected_error"
"""The error that it expects of itself."""

ONBOARDING_SESSION = "onboarding_session"
"""Id of the session in which its samples were measured."""

SAMPLE_COUNT = "sample_count"
"""Number of its samples; profiles of earlier versions have none."""
