"""Version of edgeprof, for people. A constant: reading the installed package's metadata would cost 2.5 MB of memory."""

VERSION = "0.1.0"
