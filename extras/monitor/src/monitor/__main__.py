"""Monitor as a process: traffic and models of two volumes in, a report and a summary out."""

if __name__ == "__main__":
    # Imported first, because Ctrl+C may arrive while the other modules are loading.
    import quiet_interrupt  # noqa: F401

import argparse
import sys
from pathlib import Path

from stage_contract import LOGGER, configure_logging
from stage_contract.stages.failures import as_stage_error, one_line
from stage_contract.stages.watch_mode import watch_instead

from monitor import __version__
from monitor.settings import read_settings
from monitor.summary import summarize
from monitor.work import monitor

ALERT_EXIT_CODE = 3


def main() -> None:
    """Report once, or keep watching."""
    options = _parser().parse_args()
    if options.watch:
        watch_instead("monitor", sources="monitor.watched:files", refresh=None)
    configure_logging("monitor")
    out = Path("/data/out")
    try:
        settings = read_settings()
        out = settings.out
        report = monitor(settings)
    except Exception as error:
        failure = as_stage_error(error, out)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)
    for alert in report["alerts"]:
        facts = {"column": alert["name"], "reasons": alert["reasons"]}
        LOGGER.warning("drift of %s: %s", alert["name"], ", ".join(alert["reasons"]), extra=facts)
    counts = {name: len(report[name]) for name in ("windows", "alerts")}
    LOGGER.info("report written", extra=counts)
    if options.check:
        print(summarize(report))  # noqa: T201  # what make monitor shows
        sys.exit(ALERT_EXIT_CODE if report["alerts"] else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="monitor",
        description="Compare the traffic of /data/traffic with the models of /data/in, and write"
        " report.json to /data/out.",
        epilog="Exit codes: 0 done, 3 an alert is active (only with --check), 65 no traffic folder,"
        " 73 the report can't be written, 78 a setting is wrong.",
    )
    parser.add_argument(
        "--check", action="store_true", help="print a summary; 3 if there is an alert"
    )
    parser.add_argument(
        "--watch", action="store_true", help="stay, and report when traffic arrives"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


if __name__ == "__main__":
    main()
