"""`python -m vallum` is the command `vallum`."""

import sys

from vallum.cli import main

sys.exit(main())
