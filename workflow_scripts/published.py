"""Run the protocol of a published table: `make published PROTOCOL=zhou2022 DATASET=voc2012`; `make published` prints all tables.

The variables of make come by the environment, so that no shell reads a path: PROTOCOL, DATASET and CONFIG.
"""

import os
import shlex
import sys

from plan import protocols
from plan.errors import ConfigError

values = {name: os.environ.get(name, "") for name in protocols.VARIABLES}
try:
    if not values["PROTOCOL"]:
        print(protocols.overview())
        sys.exit()
    command = protocols.arguments(values)
except ConfigError as error:
    sys.exit("\n".join(f"Error: {line}" for line in error.lines))
print(shlex.join(command), flush=True)
os.execvp(command[0], command)
