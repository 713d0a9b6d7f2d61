#!/usr/bin/env bash
# Installs, builds, and streams a search over a line that is cut and from a server that is killed with -9.
#   ./run-demo.sh          then leaves the server and the page up, and prints the address
#   ./run-demo.sh --once   ends after the run; exit code 0 only if nothing was lost, doubled or out of order
# Further arguments: scripts/demo.mjs.
set -euo pipefail
cd "$(dirname "$0")"
scripts/setup
scripts/build
exec node scripts/demo.mjs "$@"
