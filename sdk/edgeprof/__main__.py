"""`python -m edgeprof` is the command `edgeprof`."""

from edgeprof.cli import main

main()
