#!/usr/bin/env bash
# Install Chromium and its driver from Debian's packages, as root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    apt-get update --quiet --quiet
    apt-get install --yes --quiet --quiet --no-install-recommends chromium chromium-driver >/dev/null
fi
chromium --version
