#!/usr/bin/env bash
# Prove the product: installs what is missing, builds, runs every test, and closes with 'N passed, N failed' (', N skipped' with reasons).
#
#   ./test.sh         everything; the real tests (namespaces, NATs, TUN) run as root through sudo
#   ./test.sh fast    only the tests that need no privileges; ./test.sh real: only those that do
#
# Exit code 0 only if nothing failed; with CI=true a skipped test is a failure, too.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

only="${1:-all}"
case "$only" in
  all | fast | real) ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

# shellcheck source=tests/packages.sh
. tests/packages.sh

passed=0 failed=0 skipped=0
results=$(mktemp -d)
chmod 755 "$results"

close() {
  local code=0 line="$passed passed, $failed failed"
  # What root wrote there, root removes.
  rm -rf "$results" 2>/dev/null || as_root rm -rf "$results"
  [ "$skipped" = 0 ] || line="$line, $skipped skipped"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ] || code=1
  if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then
    say "A skipped test counts as a failure where CI=true."
    code=1
  fi
  say ""
  say "$line"
  exit "$code"
}

count() { grep -o "<Counters [^>]*" "$2" | head -n 1 | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"; }

# run_tests PROJECT RUNNER...: runs one built test project; its counts come from the result file, never from the text on the screen.
run_tests() {
  local project=$1 code=0 trx total ran good
  shift
  trx="$results/$project.trx"
  say ""
  say "== $project"
  "$@" dotnet test "tests/$project/bin/Release/net10.0/$project.dll" --logger "trx;LogFileName=$trx" --results-directory "$results" || code=$?
  if [ ! -s "$trx" ]; then
    say "$project left no result (exit code $code); that counts as one failure."
    failed=$((failed + 1))
    return
  fi
  total=$(count total "$trx") ran=$(count executed "$trx") good=$(count passed "$trx")
  passed=$((passed + good)) failed=$((failed + ran - good)) skipped=$((skipped + total - ran))
  if [ "$code" != 0 ] && [ "$ran" = "$good" ]; then
    say "$project ended with $code although none of its tests failed; that counts as one failure."
    failed=$((failed + 1))
  fi
  if [ "$total" != "$ran" ]; then
    tr -d '\n' <"$trx" | sed 's/<UnitTestResult /\n&/g' | grep 'outcome="NotExecuted"' |
      sed -n 's/.*testName="\([^"]*\)".*<Message>\([^<]*\)<.*/  skipped: \1: \2/p; t; s/.*testName="\([^"]*\)".*/  skipped: \1/p'
  fi
}

if [ "$only" = fast ]; then
  ensure_sdk
else
  # shellcheck disable=SC2086 # a list of words
  prepare $BOX_PACKAGES $TEST_PACKAGES
fi

say "Building..."
build_tests() {
  case "$only" in
    fast) build tests/Ntm.Fast.Tests ;;
    real) build tests/box.slnf && build tests/Ntm.Real.Tests ;;
    *) build NtmGateway.sln ;;
  esac
}
if ! build_tests; then
  say "The build failed; that counts as one failure."
  failed=1
  close
fi

[ "$only" = real ] || run_tests Ntm.Fast.Tests as_owner
[ "$only" = fast ] || run_tests Ntm.Real.Tests as_root env "DOTNET_ROOT=$DOTNET_ROOT" "PATH=$PATH" DOTNET_CLI_HOME="$results" DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
close
