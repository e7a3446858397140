# Takes locked-up worlds down under tools that watch the heap: 10,000 under AddressSanitizer with
# LeakSanitizer and UBSan, 500 under memcheck. Neither may report anything; and both must report a
# world whose blocked frames are dropped and not unwound. `teardown.sh [WORLDS [WORLDS-MEMCHECK]]`.

set -euo pipefail
root=${BRINK_ROOT:?run it as ./dev soak teardown}
sanitized=${1:-10000}
checked=${2:-500}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fail() {
  tail -n 60 "$log" >&2
  echo "soak teardown: FAILED: $*"
  exit 1
}

memcheck() {
  valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all \
    --errors-for-leak-kinds=all "$root/build/valgrind/soak_teardown" "$@"
}

sanitizers() {
  ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1 \
    "$root/build/sanitize/soak_teardown" "$@"
}

# clean TOOL WORLDS: no report, not even a warning.
clean() {
  local tool=$1
  echo "soak teardown: $2 worlds under $tool" >&2
  "$tool" "$2" >"$log" 2>&1 || fail "$tool reports something"
  if [[ $(wc -l <"$log") != 1 ]] || ! grep -q 'all unwound$' "$log"; then
    fail "$tool says more than it should"
  fi
  cat "$log" >&2
}

# reports TOOL PATTERN: dropped frames are seen, by what they owned.
reports() {
  local status=0
  "$1" dropped >"$log" 2>&1 || status=$?
  if ((status != 99)) || ! grep -q "$2" "$log" || ! grep -q 'Baggage::Baggage' "$log"; then
    fail "$1 does not report frames that were dropped (exit code $status)"
  fi
}

"$root/dev" build sanitize soak_teardown
"$root/dev" build valgrind soak_teardown
reports sanitizers 'LeakSanitizer: detected memory leaks'
reports memcheck 'are definitely lost in loss record'
clean sanitizers "$sanitized"
clean memcheck "$checked"
echo "soak teardown: $sanitized worlds under ASan+LSan+UBSan and $checked under memcheck without" \
  "a report; dropped frames are reported by both"
