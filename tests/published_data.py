"""Published tables that some tests read, where they are there."""

import os
from pathlib import Path

import pytest

DATA_FOLDER = Path(os.environ.get("EDGEPROF_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

needs_published_tables = pytest.mark.skipif(
    not DATA_FOLDER.is_dir(), reason=f"no published tables in {DATA_FOLDER}; set EDGEPROF_DATA"
)
