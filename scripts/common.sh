# What the scripts here share: from a clean clone on a bare Debian 12 to a built preset. Sourced, by bash.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

packages=(g++ cmake ninja-build pkg-config ca-certificates
  libxtensor-dev libxtensor-blas-dev libxsimd-dev libopenblas-pthread-dev librandom123-dev libtbb-dev libfmt-dev
  zlib1g-dev libzip-dev libmd-dev nlohmann-json3-dev libcli11-dev libcurl4-openssl-dev libpng-dev catch2 libbenchmark-dev)

say() { printf '%s\n' "$*" >&2; }

# quietly <command>...: its output is seen only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || { cat "$log" >&2; say "failed: $*"; }
  rm -f "$log"
  return "$status"
}

# need <package>...: installs what is missing of these Debian packages. Elsewhere it is for CMake to find them.
need() {
  command -v dpkg-query >/dev/null || return 0
  local installed missing=() package as_root=()
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
  for package; do
    grep -qx "$package installed" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  if [ "$(id -u)" != 0 ]; then
    # Without a terminal nobody can type a password.
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
      as_root=(sudo)
    else
      say "xgrad needs packages that only root can install: apt-get install ${missing[*]}"
      exit 1
    fi
  fi
  say "installing ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
  local install=("${apt[@]}" install --no-install-recommends "${missing[@]}")
  # The package lists may be missing or old: then once more with new ones.
  "${install[@]}" >/dev/null 2>&1 </dev/null || { quietly "${apt[@]}" update && quietly "${install[@]}"; } || {
    say "xgrad needs packages that could not be installed: apt-get install ${missing[*]}"
    exit 1
  }
}

# build <preset> <cmake --build argument>...: configures build/<preset> where that has not been done, and builds.
# Two scripts in one clone take turns.
build() {
  local preset=$1
  shift
  mkdir -p "$root/build"
  (
    flock 9 && cd "$root" &&
      { [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"; } &&
      cmake --build --preset "$preset" --parallel "$(nproc)" "$@"
  ) 9>"$root/build/.lock"
}
