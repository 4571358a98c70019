"""Settings of the whole suite."""

import atexit
import glob
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# As the command line does, for the same reason: small matrices on machines that do more than one thing.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test reads or writes the pairings, the bundles and the store of whoever runs it, which may be of another version.
_OWN = os.path.join(tempfile.gettempdir(), f"edgeprof-tests-{os.getpid()}")
os.environ["EDGEPROF_PAIRINGS"] = f"{_OWN}-pairings.json"
os.environ["EDGEPROF_BUNDLES"] = f"{_OWN}-bundles"
os.environ["EDGEPROF_STORE"] = f"{_OWN}-store.sqlite3"

# Engines are asked for graphs that earlier tests have kept; models that were exported stay from run to run, in the
# user's cache folder, which environments without the host's libraries have to find as well.
_MODELS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgeprof" / "models"
_MODELS.mkdir(parents=True, exist_ok=True)
_CACHE = Path(f"{_OWN}-cache")
_CACHE.mkdir()
(_CACHE / "models").symlink_to(_MODELS)
os.environ["EDGEPROF_CACHE"] = str(_CACHE)


def _clear() -> None:
    shutil.rmtree(_CACHE, ignore_errors=True)
    shutil.rmtree(f"{_OWN}-bundles", ignore_errors=True)
    for path in glob.glob(f"{_OWN}-*"):
        os.remove(path)


atexit.register(_clear)


@pytest.fixture
def own_edgeprof_folders(own_edgeprof_folders: Path) -> Path:
    """Folders of the test's own, but for exported models: their names say what they hold, so all tests share them."""
    (own_edgeprof_folders / "cache").mkdir(parents=True)
    (own_edgeprof_folders / "cache" / "models").symlink_to(_MODELS)
    return own_edgeprof_folders
