#!/usr/bin/env bash
# See the product: builds it, builds the world in a box (three homes behind NATs, a coordinator, a relay, all in network namespaces of this
# machine), shows the main job step by step, and stays up with a console on http://127.0.0.1:8080 until Ctrl-C.
#
#   ./run.sh          stay up
#   ./run.sh --once   end by itself; exit code 0 only if all of it worked
#
# Exit codes: 0 it worked; 1 a step failed, and is named; 2 the machine lacks something, which is named; 3 no .NET 10 SDK could be had; 130 stopped.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

verb=up
case "${1:-}" in
  --once) verb=once; shift ;;
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) ;;
esac

# shellcheck source=tests/packages.sh
. tests/packages.sh
# shellcheck disable=SC2086 # a list of words
prepare $BOX_PACKAGES

say "Building (the first time takes a minute or two)..."
if ! build tests/box.slnf; then
  complain "The build failed; nothing was started."
  exit 1
fi
say ""

# Only the box runs as root.
exec_as_root=(env "DOTNET_ROOT=$DOTNET_ROOT" "PATH=$PATH")
[ "$(id -u)" = 0 ] || exec_as_root=(sudo -- "${exec_as_root[@]}")
exec "${exec_as_root[@]}" tests/Ntm.Box/bin/Release/net10.0/ntm-box "$verb" "$@"
