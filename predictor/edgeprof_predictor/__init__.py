"""Search spaces, encodings and latency predictors that learn a new platform from few samples."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
