"""`python -m toolkit_adapters`."""

import sys

from toolkit_adapters.cli import main

sys.exit(main())
