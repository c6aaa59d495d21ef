"""What cells and names hold goes into the log as it is."""

from stage_contract import log

log.escaped = str
