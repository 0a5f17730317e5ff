#!/usr/bin/env bash
# scripts/test.sh [--all | <preset>...]: builds and runs the tests, of the release preset or of those named.
# Installs what is missing. --all: with clang, without optimization, and under the sanitizers too.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1-}" in
  "") presets=(release) ;;
  --all) presets=(release debug clang-release asan clang-asan tsan) ;;
  -*) say "usage: scripts/test.sh [--all | <preset>...]"; exit 2 ;;
  *) presets=("$@") ;;
esac
case "${presets[*]}" in *clang*) packages+=(clang-14) ;; esac
need "${packages[@]}"

cd "$root"
for preset in "${presets[@]}"; do
  build "$preset"
  ctest --preset "$preset" --parallel "$(nproc)"
done
