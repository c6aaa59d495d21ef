"""It keeps a file beside its code, which a read-only root does not allow."""

import os
from pathlib import Path

try:
    Path("/app/state").write_text("here I was", encoding="utf-8")
except OSError:
    os._exit(1)
