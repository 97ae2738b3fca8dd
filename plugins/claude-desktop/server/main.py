"""Start Mediasmith."""

import sys

from mediasmith.cli import main

sys.exit(main())
