"""Run the pipeline on pictures of one's own: `make own CSV=tags.csv IMAGES=pictures`, then `make own ANSWERS=answers.csv`.

The variables of make come by the environment, so that no shell reads a path: CSV, IMAGES, and, where wanted, PREDICT,
BACKBONE and ANSWERS. The first run writes own.yaml, which later runs read as it then is; a value that nothing was made from
yet may be named anew. Answers are copied, so that those of an earlier page are not lost.
"""

import json
import os
import sys
from pathlib import Path

import yaml

from plan import answers, own
from plan.errors import ConfigError
from plan.repeated_keys import repeated_keys
from spml.review import own_answers
from spml.runtime.errors import InputError
from spml.runtime.files import writing

values = {name: os.path.expanduser(os.environ.get(name, "")) for name in own.VARIABLES}
config = Path(own.CONFIG)
defaults = Path(__file__).resolve().parents[1] / "config.yaml"
try:
    if mistakes := [line for path in (defaults, config) if path.exists() for line in repeated_keys(str(path))]:
        raise ConfigError(mistakes)
    known = list(yaml.safe_load(defaults.read_text(encoding="utf-8"))["backbones"])
    there = config.read_text(encoding="utf-8") if config.exists() else ""
    if there:
        text = own.corrected(there, yaml.safe_load(there), values, known)
        own.require_same(yaml.safe_load(text), values)
        added = own.lines_to_add(yaml.safe_load(text), values)
    else:
        text, added = "", own.config_lines(values, known)
    if added:
        text += "\n".join(["", *added, ""] if text else [*added, ""])
    read = yaml.safe_load(text)
    command = own.arguments(read, values)
    if text != there:
        with writing(config) as part:
            part.write_text(text, encoding="utf-8")
        print(f"{own.CONFIG}:", *(line for line in text.split("\n") if line not in there.split("\n")), sep="\n  ")
    if own.ANSWERS in own.answers_of(read):
        os.makedirs(own.ANSWERS, exist_ok=True)
    if values["ANSWERS"]:
        print(own_answers.take(values["ANSWERS"], own.ANSWERS, answers.files([own.ANSWERS]), *own.table_of(read)))
except ConfigError as error:
    sys.exit("\n".join(f"Error: {line}" for line in error.lines))
except InputError as error:
    sys.exit(f"Error: {error}")
except OSError as error:
    sys.exit(f"Error: {error.filename}: {error.strerror}")
print(*map(json.dumps, command), flush=True)
os.execvp(command[0], command)
