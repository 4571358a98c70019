"""Version of edgeprof. A constant, since reading the package's metadata would take 2.5 MB of memory."""

VERSION = "0.1.0"
