"""It ends with 0 and publishes nothing."""

import sys

from stage_contract.stages import run

run._run = lambda *_arguments, **_options: sys.exit(0)
