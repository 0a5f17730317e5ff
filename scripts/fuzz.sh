#!/usr/bin/env bash
# scripts/fuzz.sh [seconds [reader...]]: runs the fuzzers of the readers of files, 60 seconds each unless given, under
# the address and undefined-behaviour sanitizers. What they find is left in build/fuzz/found, what they learn in
# build/fuzz/corpus. Readers: those that have a folder in tests/fuzz/readers/corpus.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

seconds=${1:-60}
shift || true
cd "$root"
kept=tests/fuzz/readers/corpus
[ $# -gt 0 ] || set -- $(ls "$kept")
need "${packages[@]}" clang-14
build fuzz
mkdir -p build/fuzz/found
for reader; do
  mkdir -p "build/fuzz/corpus/$reader"
  say "$reader"
  "build/fuzz/tests/fuzz/readers/fuzz_$reader" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/found/$reader-" -print_final_stats=1 -verbosity=0 \
    "build/fuzz/corpus/$reader" "$kept/$reader"
done
