#!/usr/bin/env bash
# Everything, as CI runs it: unit tests, contract suites and the inputs that fuzzing found, the check of the source
# tree, our codecs against the JavaScript parsers, protocol conformance and end-to-end tests with the real
# socket.io-client on one and on two loops, and the page in Chromium. Ends with one line:
#   N passed, N failed
#   ./run-tests.sh --sanitize   the C++ tests and the end-to-end tests under ASan+UBSan and TSan, and clang-tidy
set -euo pipefail
cd "$(dirname "$0")"

passed=0
failed=0
# Put in front of what runs the program under test.
wrapper=()
results="$(mktemp -d)"
trap 'rm -rf "$results"' EXIT

title() {
  printf '\n== %s\n' "$*"
}

# count PASSED FAILED STATUS: a runner that ends badly without a failed test, or that ran none, is a failure.
count() {
  local ok="${1:-0}" bad="${2:-0}" status="$3"
  if ((bad == 0)) && ((status != 0 || ok == 0)); then bad=1; fi
  passed=$((passed + ok))
  failed=$((failed + bad))
}

cxx_tests() {
  local preset="$1" status=0
  title "C++ tests ($preset)"
  "${wrapper[@]}" ctest --preset "$preset" -j"$(nproc)" --progress --output-junit "$results/ctest.xml" || status=$?
  # A skipped or disabled test is not a test that passed.
  local total bad
  total="$(attributes tests "$results/ctest.xml")"
  bad="$(attributes 'failures|skipped|disabled' "$results/ctest.xml")"
  count "$((total - bad))" "$bad" "$status"
}

# attributes NAMES FILE: the sum of these attributes of the test suite.
attributes() {
  sed -n '/<testsuite/,/>/p' "$2" | sum_of "($1)=\"[0-9]+\""
}

# sum_of PATTERN: the sum of the numbers in what matches.
sum_of() {
  { grep -oE "$1" || true; } | tr -cs '0-9\n' ' ' | awk '{ total += $1 } END { print total + 0 }'
}

# node_tests TITLE FILE…
node_tests() {
  local status=0 log="$results/node.tap"
  title "$1"
  shift
  "${wrapper[@]}" node --test --test-concurrency=1 --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$log" "$@" || status=$?
  # A test that is skipped or to be done is not a test that passed.
  local ok bad
  ok="$(sum_of '^# pass [0-9]+$' <"$log")"
  bad="$(sum_of '^# (fail|cancelled|skipped|todo) [0-9]+$' <"$log")"
  count "$ok" "$bad" "$status"
}

# step TITLE COMMAND…: a check that passes or fails as a whole.
step() {
  local status=0
  title "$1"
  shift
  "$@" || status=$?
  count "$((status == 0 ? 1 : 0))" "$((status == 0 ? 0 : 1))" "$status"
}

e2e_tests() {
  local loops="$1"
  shift
  HAWSER_TEST_LOOPS="$loops" node_tests "end-to-end, $loops loop(s), ${HAWSER_BIN:-build/release/hawser}" "$@"
}

conformance_tests() {
  HAWSER_TEST_LOOPS="$1" node_tests "protocol conformance, $1 loop(s)" test/conformance/*.test.mjs
}

default_run() {
  scripts/setup --tests
  title "build"
  scripts/build release all
  cxx_tests release
  node_tests "source tree" test/tidy/*.test.mjs
  node_tests "the simulator's checker" test/sim/*.test.mjs
  node_tests "codecs against the JavaScript parsers" test/differential/*.test.mjs
  node_tests "the worker package" packages/worker/test/*.test.mjs
  conformance_tests 1
  conformance_tests 2
  e2e_tests 1 test/e2e/*.test.mjs
  e2e_tests 2 test/e2e/*.test.mjs
}

sanitized() {
  local preset="$1"
  title "build ($preset)"
  scripts/build "$preset" all
  cxx_tests "$preset"
  HAWSER_CODEC_PROBE="$PWD/build/$preset/test/codec_probe" \
    node_tests "codecs against the JavaScript parsers ($preset)" test/differential/*.test.mjs
  HAWSER_TEST_PATIENCE=120000 HAWSER_TEST_KILL_CYCLES=3 HAWSER_TEST_CUTS=30 HAWSER_BIN="$PWD/build/$preset/hawser" \
    HAWSER_TEST_LOOPS=2 node_tests "end-to-end ($preset)" \
    test/e2e/{auth,jobs,sync,errors,crash,keep_alive,handlers,kill_cycles,recovery,recovery_cuts,tls,deflate}.test.mjs \
    test/conformance/{engine_polling,engine_upgrade,socketio_events,socketio_rooms,recovery}.test.mjs
}

sanitize_run() {
  scripts/setup --tests
  export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:abort_on_error=1"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/test/tsan.supp"
  sanitized asan
  # ThreadSanitizer of g++ 12 does not know the wider address randomness of newer kernels.
  wrapper=(setarch "$(uname -m)" --addr-no-randomize)
  sanitized tsan
  wrapper=()
  title "clang-tidy"
  cmake --preset tidy >/dev/null
  step "clang-tidy" run-clang-tidy-19 -quiet -p build/tidy "$PWD/src/.*"
}

case "${1:-}" in
  "") default_run ;;
  --sanitize) sanitize_run ;;
  *) echo "usage: ./run-tests.sh [--sanitize]" >&2; exit 2 ;;
esac

printf '\n%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
