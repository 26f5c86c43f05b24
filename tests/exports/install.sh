#!/usr/bin/env bash
# Install the libraries that the exports are read with, into .formats beside .venv; `make` has installed uv before.
set -euo pipefail
cd "$(dirname "$0")/../.."
test -x .formats/bin/python || .uv/bin/uv venv --quiet .formats
.uv/bin/uv pip sync --quiet --require-hashes --python .formats/bin/python tests/exports/requirements.txt
