"""The agent, which runs on a device and measures models there."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
