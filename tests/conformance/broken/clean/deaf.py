"""SIGTERM is ignored."""

import signal

from stage_contract.stages import run

run._end_on_signals = lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN) and []
