#!/usr/bin/env bash
# scripts/mnist.sh [options of the mnist program]: trains on MNIST. See scripts/mnist.sh --help.
# Installs what is missing, builds what is not built, and leaves stdout to the program.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

program=$root/build/release/examples/mnist
need "${packages[@]}"
[ -x "$program" ] || say "building xgrad, once: some minutes"
quietly build release --target xgrad_mnist
exec "$program" "$@"
