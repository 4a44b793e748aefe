#!/bin/sh
# compare.sh PEERS_DIR [WORKLOADS..]: ours, each other system, ours again, in one run; a table with
# ratios. What it can do: compare.sh --help
exec python3 "$(dirname "$0")/compare.py" "$@"
