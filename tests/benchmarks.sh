#!/usr/bin/env bash
# Measure the product against others on this machine: installs what is missing, builds, runs every benchmark, and writes docs/performance.md.
# The machine should do nothing else meanwhile.
#
#   tests/benchmarks.sh                          everything, as docs/performance.md is made
#   tests/benchmarks.sh path --quick             one command with its options, some two minutes; nothing is written unless it is told to
#   tests/benchmarks.sh help                     the commands and their options
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

# shellcheck source=tests/packages.sh
. tests/packages.sh

page=docs/performance.md
unpacked=""

clean() { [ -z "$unpacked" ] || rm -rf "$unpacked"; }
trap clean EXIT

# wireguard-go of backports stands beside the installed one: it is unpacked, not installed, and only where the suite is configured. NEWER_WIREGUARD_GO names one that is there already.
newer_wireguard_go() {
  local suite=bookworm-backports
  if [ -n "${NEWER_WIREGUARD_GO:-}" ]; then
    newer=(--wireguard-go "$NEWER_WIREGUARD_GO")
    return
  fi
  if ! apt-cache policy 2>/dev/null | grep -q "n=$suite\b"; then
    say "wireguard-go of $suite is left out: that suite is not among this machine's package sources."
    return
  fi
  unpacked=$(mktemp -d)
  chmod 755 "$unpacked"
  if (cd "$unpacked" && apt-get download -qq -t "$suite" wireguard-go >/dev/null 2>&1 && dpkg -x ./*.deb .) && [ -x "$unpacked/usr/bin/wireguard-go" ]; then
    newer=(--wireguard-go "$unpacked/usr/bin/wireguard-go")
  else
    say "wireguard-go of $suite is left out: it could not be downloaded."
  fi
}

run() { as_root env "DOTNET_ROOT=$DOTNET_ROOT" "PATH=$PATH" tests/Ntm.Benchmarks/bin/Release/net10.0/Ntm.Benchmarks "$@"; }

# shellcheck disable=SC2086 # a list of words
prepare $BOX_PACKAGES $TEST_PACKAGES $BENCHMARK_PACKAGES
# shellcheck disable=SC2086
ensure_optional $BENCHMARK_OPTIONAL_PACKAGES
say "Building..."
build tests/Ntm.Benchmarks

newer=()
newer_wireguard_go
if [ "${1:-}" = help ]; then
  run help || true
elif [ "${1:-}" = path ]; then
  run "$@" --wireguard-go wireguard-go "${newer[@]}"
elif [ $# -gt 0 ]; then
  run "$@"
else
  # One that fails keeps none of the others from running.
  code=0
  run path --profile --write "$page" --wireguard-go wireguard-go "${newer[@]}" || code=$?
  for command in cipher allocation relay scale; do
    run "$command" --write "$page" || code=$?
  done
  exit "$code"
fi
