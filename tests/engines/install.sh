#!/usr/bin/env bash
# Install the plugins of profiles/ and an S3 server into .engines, over .venv: its packages are seen from there, not installed
# again. `make` has set up .venv before.
set -euo pipefail
cd "$(dirname "$0")/../.."
test -x .engines/bin/python || .uv/bin/uv venv --quiet --python .venv/bin/python .engines
.uv/bin/uv pip sync --quiet --require-hashes --python .engines/bin/python tests/engines/requirements.txt
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
.venv/bin/python -c "$packages" >"$(.engines/bin/python -c "$packages")/pipeline.pth"
