#!/usr/bin/env bash
# Print what has become of a job of Grid Engine's: running, success or failed. A job that qstat no longer has and qacct has not
# yet counts as running, since accounting is written some time after the end of a job.
if qstat -j "$1" >/dev/null 2>&1; then
    echo running
    exit
fi
ended=$(qacct -j "$1" 2>/dev/null | awk '$1 == "exit_status" { status = $2 } $1 == "failed" { failed = $2 } END { print status, failed }')
case $ended in
    " ") echo running ;;
    "0 0" | "0 ") echo success ;;
    *) echo failed ;;
esac
