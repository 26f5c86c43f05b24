"""Run a target of the Snakefile: `make predict IMAGES=pictures`, which is `python workflow_scripts/target.py predict`.

The variables of make come by the environment, so that no shell reads a path: CONFIG, DATASET and IMAGES.
"""

import os
import shlex
import sys

from plan.errors import ConfigError
from plan.target import VARIABLES, arguments

try:
    command = arguments(sys.argv[1], {name: os.environ.get(name, "") for name in VARIABLES})
except ConfigError as error:
    sys.exit("\n".join(f"Error: {line}" for line in error.lines))
print(shlex.join(command), flush=True)
os.execvp(command[0], command)
