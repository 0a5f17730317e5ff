#!/usr/bin/env bash
# scripts/benchmark.sh [--quick] [--only W1,W4] [--peers torch,libtorch,jax,numpy | none] [--against BUILD_DIR]
#   [--threads 1,2] [--json FILE] [--out FILE]
# scripts/benchmark.sh --scaling [--quick] [--json FILE] [--out FILE]
# Builds the benchmarks, sets the peers up in build/peers, runs everything in turns and reports; all of it, into
# docs/performance.md. A peer that cannot be had is named and left out. --scaling: xgrad alone, the same work in many
# sizes. See --help.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

peers=torch,libtorch,jax,numpy
previous=
for argument; do
  case $previous in --peers) peers=$argument ;; esac
  case $argument in --peers=*) peers=${argument#*=} ;; --against | --against=* | -h | --help | --scaling) peers=none ;; esac
  previous=$argument
done

need "${packages[@]}" python3 time
folder=$root/build/peers
python=python3

# In a virtual environment, which sees what is installed already.
install_peer() {
  "$python" -c "$1" 2>/dev/null || quietly "$python" -m pip install -q --disable-pip-version-check "${@:2}" || true
}
if [ "$peers" != none ]; then
  if [ -x "$folder/venv/bin/python" ] || quietly python3 -m venv --system-site-packages "$folder/venv"; then
    python=$folder/venv/bin/python
    case ,$peers, in *torch,*)
      install_peer 'import torch; assert torch.__version__.startswith("2.13.0")' torch==2.13.0 \
        --extra-index-url https://download.pytorch.org/whl/cpu ;;
    esac
    case ,$peers, in *,jax,*) install_peer 'import jax' jax ;; esac
    install_peer 'import numpy' numpy
  else
    say "no virtual environment (python3-venv?): the peers are those of the system's Python"
  fi
  case ,$peers, in *,libtorch,*)
    if prefix=$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)' 2>/dev/null); then
      { [ -f "$folder/libtorch/build.ninja" ] ||
        quietly cmake -S "$root/benchmarks/peers/libtorch" -B "$folder/libtorch" -G Ninja -D CMAKE_PREFIX_PATH="$prefix"; } &&
        quietly cmake --build "$folder/libtorch" || say "LibTorch's peer could not be built"
    fi ;;
  esac
fi

quietly build release --target xgrad_benchmark_workloads xgrad_benchmark_first_prediction
export PYTHONDONTWRITEBYTECODE=1
if [ "${1-}" = --scaling ]; then
  exec "$python" "$root/benchmarks/scaling.py" --build "$root/build/release" "${@:2}"
fi
exec "$python" "$root/benchmarks/compare.py" --build "$root/build/release" --libtorch "$folder/libtorch" "$@"
