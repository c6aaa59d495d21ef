"""It ends with 0 and publishes nothing."""

import sys

from stage_contract import running

running._run = lambda *_arguments, **_options: sys.exit(0)
