# shellcheck shell=bash
# What the scripts share: source it. Everything here runs from the project root and says in a plain line what it does.
#
#   say TEXT            a progress line
#   die TEXT            one line on stderr, then exit 1
#   install_packages    the packages of scripts/packages.txt that are missing; costs nothing where none is
#   install_if_missing PACKAGE ...
#   build PRESET [TARGET ...]
#   have_gpu            whether an NVIDIA device answers

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

say() { printf '== %s\n' "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Installs those of the given Debian packages that are missing; costs nothing where none is.
install_if_missing() {
  command -v dpkg-query >/dev/null || die "this is no Debian; install what scripts/packages.txt lists, then use cmake --preset dev"
  local package missing=()
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing packages, and neither root nor sudo to install them: ${missing[*]}"
    as_root=(sudo)
  fi
  say "install: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || die "apt-get update failed; without a network install by hand: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null || die "apt-get install failed: ${missing[*]}"
}

install_packages() {
  local packages
  mapfile -t packages < <(grep -v '^#' scripts/packages.txt)
  install_if_missing "${packages[@]}"
}

build() {
  local preset=$1
  shift
  say "configure $preset"
  cmake --preset "$preset" | grep -E '^-- (CUDA|Qt):' || [ "${PIPESTATUS[0]}" = 0 ] || die "cmake --preset $preset failed"
  say "build $preset${*:+: $*}"
  NINJA_STATUS='%p ' cmake --build --preset "$preset" -- -j "$(nproc)" "$@" | every_tenth_percent
}

# Of ninja's lines one for each ten percent, and all that are not progress: warnings and errors.
every_tenth_percent() {
  local line shown=-1
  while IFS= read -r line; do
    if [[ $line =~ ^\ *([0-9]+)%\  ]]; then
      if [ $((BASH_REMATCH[1] / 10)) != "$shown" ]; then
        shown=$((BASH_REMATCH[1] / 10))
        printf '   %s\n' "$line"
      fi
    else
      printf '%s\n' "$line"
    fi
  done
}

have_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }
