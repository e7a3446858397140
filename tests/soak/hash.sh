# The same runs in different builds and with different numbers of jobs: every point of every
# experiment in configs/ must have the same trace hash in release, dev (no optimisation, the standard
# library's assertions) and sanitize, with --jobs 1 and --jobs 2. `hash.sh [SEEDS [EXPERIMENT…]]`.

set -euo pipefail
root=${BRINK_ROOT:?run it as ./dev soak hash}
seeds=${1:-2}
shift $(($# > 0))
experiments=("$@")
if ((${#experiments[@]} == 0)); then experiments=("$root"/configs/*.toml); fi
builds=(release dev sanitize)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "soak hash: FAILED: $*"
  exit 1
}

# hashes BUILD JOBS EXPERIMENT: one hash a line, in the order of the points.
hashes() {
  local status=0 json=$work/result.json
  rm -f "$json"
  "$root/build/$1/brink" run "$3" --seeds "$seeds" --jobs "$2" --json "$json" \
    >"$work/log" 2>&1 || status=$?
  # What an experiment expects of its full run may not hold of a few seeds: 1 is as good as 0.
  if ((status > 1)) || [[ ! -s $json ]]; then
    cat "$work/log" >&2
    fail "$1 --jobs $2 $3: exit code $status"
  fi
  grep -o '"trace_hash": *"[0-9a-fx]*"' "$json"
}

for build in "${builds[@]}"; do "$root/dev" build "$build" brink_cli; done

points=0
for experiment in "${experiments[@]}"; do
  name=$(basename "$experiment" .toml)
  for build in "${builds[@]}"; do
    for jobs in 1 2; do
      hashes "$build" "$jobs" "$experiment" >"$work/$name.$build.$jobs"
      echo "soak hash: $name, $build, --jobs $jobs: done" >&2
      if ! diff -u "$work/$name.release.1" "$work/$name.$build.$jobs" >&2; then
        fail "$name: $build with --jobs $jobs differs from release with --jobs 1"
      fi
    done
  done
  points=$((points + $(wc -l <"$work/$name.release.1")))
done
((points > 0)) || fail "no point was run"
echo "soak hash: $points points of ${#experiments[@]} experiments × $seeds seeds: the same trace" \
  "hash in ${builds[*]} with --jobs 1 and 2"
