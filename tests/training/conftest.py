"""`training` stands beside the packages, not in them."""

import sys
from pathlib import Path

# At the end: what is installed goes first.
sys.path.append(str(Path(__file__).resolve().parents[2]))
