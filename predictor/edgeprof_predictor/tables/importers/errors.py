"""What an importer raises on purpose, beside the errors of `edgeprof_predictor.errors`.

PredictorError
- TableError (ValueError)
  - PublishedTableError     a published table that cannot be read, taken over or written
"""

from edgeprof_predictor.errors import TableError


class PublishedTableError(TableError):
    """A published table cannot be read, taken over or written: where, the value, what to do."""
