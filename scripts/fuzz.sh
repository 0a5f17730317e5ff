#!/usr/bin/env bash
# scripts/fuzz.sh [--keep] [seconds [reader...]]: runs the fuzzers of the readers of files, 60 seconds each unless given,
# one on each processor, under the address and undefined-behaviour sanitizers. What they find is left in build/fuzz/found, what
# they say in build/fuzz/logs, what they learn in build/fuzz/corpus; --keep adds the part of that which reaches more to
# tests/fuzz/readers/corpus, where each reader has a folder. Status 1: something was found.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

keep=
[ "${1-}" = --keep ] && keep=1 && shift
seconds=${1:-60}
shift || true
cd "$root"
kept=tests/fuzz/readers/corpus
[ $# -gt 0 ] || set -- $(ls "$kept")
need "${packages[@]}" clang-14
build fuzz
mkdir -p build/fuzz/found build/fuzz/logs

fuzzer() { local reader=$1; shift; nice -n 19 "build/fuzz/tests/fuzz/readers/fuzz_$reader" "$@"; }

# No content may make a reader ask for more at once than 16 KB can unpack to.
fuzz() {
  mkdir -p "build/fuzz/corpus/$1"
  fuzzer "$1" -max_total_time="$seconds" -timeout=10 -max_len=16384 -rss_limit_mb=2048 -malloc_limit_mb=256 \
    -artifact_prefix="build/fuzz/found/$1-" -print_final_stats=1 -reload=0 \
    "build/fuzz/corpus/$1" "$kept/$1" >"build/fuzz/logs/$1" 2>&1 || echo "ERROR: status $?" >>"build/fuzz/logs/$1"
}

report() {
  local log=build/fuzz/logs/$1
  say "$1: $(awk '/^#[0-9].* cov: / { cov = $4 } /number_of_executed_units/ { n = $2 } /peak_rss_mb/ { mb = $2 }
    END { print n " contents, " cov " places reached, at most " mb " MB" }' "$log")"
  grep -aE 'ERROR|runtime error|Test unit written' "$log" >&2 && return 1
  return 0
}

for reader; do
  while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  fuzz "$reader" &
done
wait

status=0
for reader; do
  report "$reader" || status=1
  [ -z "$keep" ] || quietly "build/fuzz/tests/fuzz/readers/fuzz_$reader" -set_cover_merge=1 "$kept/$reader" "build/fuzz/corpus/$reader"
done
exit "$status"
