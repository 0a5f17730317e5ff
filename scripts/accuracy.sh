#!/usr/bin/env bash
# scripts/accuracy.sh [<model>...]: trains each model of mnist by its recipe from the seeds 1, 2 and 3 ($SEEDS), and prints what
# each reaches, in what time. Wants a machine with nothing else to do, and an hour and a half.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || set -- two-layer sigmoid deep cnn lstm transformer deep-cnn
need "${packages[@]}"
quietly build release --target xgrad_mnist
results=$(mktemp)
trap 'rm -f "$results"' EXIT

printf '%-12s %5s %10s %9s %11s\n' model seed accuracy seconds processor
for model; do
  for seed in ${SEEDS:-1 2 3}; do
    "$root/build/release/examples/mnist" --model "$model" --seed "$seed" --json "$results" >&2
    field() { sed -n "s/^  \"$1\": \([^,]*\),\?$/\1/p" "$results"; }
    printf '%-12s %5s %10.4f %9.1f %11.1f\n' "$model" "$seed" "$(field test_accuracy)" "$(field seconds)" \
      "$(field processor_seconds)"
  done
done
