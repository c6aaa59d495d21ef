"""`python -m stage_contract LOCK BUILD_FILE FOLDER…`: write the build digest of an image."""

import json
import sys
from pathlib import Path

from stage_contract.stages.build import build_parts

if __name__ == "__main__":
    lock, target, *folders = (Path(argument) for argument in sys.argv[1:])
    parts = build_parts(lock, folders)
    if parts is None:
        sys.stderr.write(
            f"warning: {target} was not written, since this base image lists no packages of Debian"
            " or Alpine: the stage cannot tell whether its image changed, so it always runs\n"
        )
    else:
        target.write_text(json.dumps(parts, indent=2) + "\n", encoding="utf-8")
