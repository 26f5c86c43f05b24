"""Run the pipeline on pictures of one's own: `make own CSV=tags.csv IMAGES=pictures`, then `make own ANSWERS=answers.csv`.

The variables of make come by the environment, so that no shell reads a path: CSV, IMAGES, and, where wanted, PREDICT,
BACKBONE and ANSWERS. The first run writes own.yaml, which later runs read as it then is. Answers are copied, so that those
of an earlier page are not lost.
"""

import json
import os
import sys
from pathlib import Path

import yaml

from plan import answers, own
from plan.errors import ConfigError
from spml.review import own_answers
from spml.runtime.errors import InputError

values = {name: os.path.expanduser(os.environ.get(name, "")) for name in own.VARIABLES}
config = Path(own.CONFIG)
try:
    if config.exists():
        read = yaml.safe_load(config.read_text(encoding="utf-8"))
        own.require_same(read, values)
        added = own.lines_to_add(read, values)
    else:
        known = yaml.safe_load(Path(__file__).resolve().parents[1].joinpath("config.yaml").read_text(encoding="utf-8"))[
            "backbones"
        ]
        added = own.config_lines(values, list(known))
        read = yaml.safe_load("\n".join(added))
    command = own.arguments(read, values)
    if added:
        with open(config, "a", encoding="utf-8") as file:
            file.write("\n".join(["", *added, ""] if file.tell() else [*added, ""]))
        print(f"{own.CONFIG}:", *added, sep="\n  ")
    if own.ANSWERS in own.answers_of(read):
        os.makedirs(own.ANSWERS, exist_ok=True)
    if values["ANSWERS"]:
        print(own_answers.take(values["ANSWERS"], own.ANSWERS, answers.files([own.ANSWERS]), *own.table_of(read)))
except (yaml.YAMLError, UnicodeDecodeError) as error:
    sys.exit(f"Error: {own.CONFIG}: found no YAML ({' '.join(str(error).split())}); correct or delete it")
except ConfigError as error:
    sys.exit("\n".join(f"Error: {line}" for line in error.lines))
except InputError as error:
    sys.exit(f"Error: {error}")
except OSError as error:
    sys.exit(f"Error: {error.filename}: {error.strerror}")
print(*map(json.dumps, command), flush=True)
os.execvp(command[0], command)
