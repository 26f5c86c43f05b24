#!/usr/bin/env bash
# Install Slurm and the database of its accounting from Debian's packages, as root; no service is started or enabled.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
wanted=(munge slurmctld slurmd slurm-client slurmdbd mariadb-server)
if dpkg-query --show --showformat '${Status}\n' "${wanted[@]}" 2>/dev/null | grep -c '^install ok installed' | grep -qx "${#wanted[@]}"; then
    echo "Slurm is there: $(slurmctld -V)"
    exit 0
fi
# The packages would start their services, which have no configuration yet: this file forbids it meanwhile.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update --quiet --quiet
apt-get install --yes --quiet --quiet --no-install-recommends "${wanted[@]}"
slurmctld -V
