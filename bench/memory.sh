#!/bin/sh
# memory.sh PEERS_DIR [WORKLOADS..]: the most memory of ours and of PyTorch, as arrays and as bytes.
exec python3 "$(dirname "$0")/compare.py" --memory "$@"
