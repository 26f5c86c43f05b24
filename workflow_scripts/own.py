"""Run the pipeline on pictures of one's own: `make own CSV=tags.csv IMAGES=pictures`.

The variables of make come by the environment, so that no shell reads a path: CSV, IMAGES, and, where wanted, PREDICT and
BACKBONE. The first run writes own.yaml, which later runs read as it then is.
"""

import json
import os
import sys
from pathlib import Path

import yaml

from plan.errors import ConfigError
from plan.own import CONFIG, arguments, config_lines, require_same

values = {name: os.environ.get(name, "") for name in ("CSV", "IMAGES", "PREDICT", "BACKBONE")}
config = Path(CONFIG)
try:
    if config.exists():
        require_same(yaml.safe_load(config.read_text(encoding="utf-8")), values)
    else:
        lines = config_lines(values)
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{CONFIG}:", *lines, sep="\n  ")
    command = arguments(values)
except (yaml.YAMLError, UnicodeDecodeError) as error:
    sys.exit(f"Error: {CONFIG}: found no YAML ({' '.join(str(error).split())}); correct or delete it")
except ConfigError as error:
    sys.exit("\n".join(f"Error: {line}" for line in error.lines))
print(*map(json.dumps, command), flush=True)
os.execvp(command[0], command)
