"""The old name of liveness.py, which probes of older deployments still call. Taken for a version."""

import sys

from workers.liveness import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
