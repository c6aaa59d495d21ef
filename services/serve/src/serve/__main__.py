"""Serve stage: a model in, a prediction API out."""

if __name__ == "__main__":
    # Imported first, because Ctrl+C may arrive while the other modules are loading.
    import quiet_interrupt  # noqa: F401

import argparse
import os
import sys

from stage_contract import (
    LOGGER,
    StageError,
    configure_logging,
    pipeline_path,
    read_pipeline,
    resolve,
)

from serve import __version__
from serve.runtime.access import read_keys
from serve.settings import Settings, read_address
from serve.workers.supervisor import APPLICATION, serve


def main() -> None:
    """Serve until SIGTERM; an invalid setting prints one line and exits with 78."""
    options = _parser().parse_args()
    configure_logging("serve")
    try:
        pipeline = read_pipeline(pipeline_path())
        settings = resolve(Settings, pipeline, "serve")
        host, port = read_address(os.environ)
        read_keys(
            settings.api_keys_file,
            public=settings.public,
            max_header_bytes=settings.max_header_bytes,
        )
        if options.check:
            if options.app != APPLICATION:
                from serve.workers.loading import load_application  # noqa: PLC0415  # slow

                load_application(options.app)
            print(settings.model_dump_json())  # noqa: T201  # what was asked for
            return
        serve(settings, name=pipeline.name, host=host, port=port, application=options.app)
    except StageError as error:
        LOGGER.error("%s", error, extra={"exit_code": error.exit_code})  # shown without a traceback
        sys.exit(error.exit_code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="serve",
        description="The serve stage: follows the model in /data/in and answers on port 8000.",
        epilog="Settings: the table [serve] of /config/$PIPELINE.toml.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "--check",
        action="store_true",
        help="check settings and API keys, print the settings as JSON, and end",
    )
    parser.add_argument(
        "--app",
        default=APPLICATION,
        metavar="MODULE:ATTRIBUTE",
        help="the application to serve, made by serve.app.create_app (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    main()
