"""Put the screen in the place of Snakemake's own text.

A logger plugin must be installed before Snakemake reads its command line; a profile that names one which is not ends each
command with a page of usage. So the Snakefile calls this: it works wherever Snakemake does, without set-up.
"""

import logging
import sys
from collections.abc import Callable

from snakemake_interface_logger_plugins.settings import OutputSettingsLoggerInterface

from screen.handler import Screen, Settings, quietness

SNAKEMAKE = "snakemake.logging"  # the name of its logger
DEFAULT = "DefaultStreamHandler"  # the name of the handler that writes its own text


def own_text(output: OutputSettingsLoggerInterface) -> bool:
    """Return whether Snakemake's own text is wanted: --verbose, --debug-dag, --printshellcmds, a dry run, --quiet all."""
    detailed = output.verbose or output.debug_dag or output.printshellcmds
    return detailed or output.dryrun or "all" in quietness(output)


def begin(output: OutputSettingsLoggerInterface, dataset: str, nothing: Callable[[], str]) -> None:
    """Let the screen write from here on; nothing changes where Snakemake's own text, or a plugin, is wanted.

    ``dataset`` is the one that lines do not repeat. ``nothing`` returns what to say at the end of a run without jobs.
    """
    logger = logging.getLogger(SNAKEMAKE)
    default = next((handler for handler in logger.handlers if handler.name == DEFAULT), None)
    if default is None or own_text(output):
        return
    screen = Screen(output, Settings(dataset, nothing))
    logger.removeHandler(default)
    logger.addHandler(screen)
    screen.watch()
    sys.excepthook = screen.explain
