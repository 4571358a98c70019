"""Documents that were written as JSON: those of pages, and what `edgeprof search --json` prints."""

import json
from pathlib import Path
from typing import Any, Final

from edgeprof.errors import InvalidArgumentError
from edgeprof_predictor._plain_files import MAX_FILE_BYTES, read_plain_file

SEARCH_FIELDS: Final = {"chosen", "front", "trained", "limit_ms"}
"""What tells the result of a search from other objects."""


def saved_document(path: Path) -> dict[str, Any]:
    """Return the document in a file.

    Args:
        path: The file.

    Raises:
        InvalidArgumentError: If it cannot be read, or holds neither a document nor the result of a search.
    """
    try:
        content = json.loads(read_plain_file(path, max_bytes=MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise InvalidArgumentError(f"cannot read {path} ({reason}): name what --json printed") from error
    if isinstance(content, dict) and content.keys() >= SEARCH_FIELDS:
        return {"kind": "search", "title": f"accurate networks within a limit: {path.name}", **content}
    if isinstance(content, dict) and "kind" in content:
        return content
    raise InvalidArgumentError(
        f"{path} is neither what `edgeprof report --json` nor what `edgeprof search --json` prints"
    )
