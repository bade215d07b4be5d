# What the scripts of this folder share: the tree's root, parts with their times, the build.
# Sourced with bash after `set -euo pipefail`.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf '       %s\n' "$2" >&2; fi
  exit 1
}

part_names=()
part_seconds=()

# part NAME COMMAND...: runs the command as one part of the script and remembers its seconds.
part() {
  local name=$1 begin=$SECONDS
  shift
  say "$name"
  "$@" || fail "the part \"$name\" failed; its output stands above"
  part_names+=("$name")
  part_seconds+=($((SECONDS - begin)))
}

print_parts() {
  local i
  say "time of each part"
  for i in "${!part_names[@]}"; do
    printf '  %-34s %5d s\n' "${part_names[$i]}" "${part_seconds[$i]}"
  done
}

# The largest number of compilers that fit: one per core, and 2 GiB for each, which is what a
# LibTorch unit takes at its worst. A cgroup's limit counts as memory, too.
build_jobs() {
  local cores kib limit jobs
  cores=$(nproc)
  kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  if [ -r /sys/fs/cgroup/memory.max ]; then
    limit=$(cat /sys/fs/cgroup/memory.max)
    if [ "$limit" != max ] && [ $((limit / 1024)) -lt "$kib" ]; then kib=$((limit / 1024)); fi
  fi
  jobs=$((kib / (2 * 1024 * 1024)))
  if [ "$jobs" -gt "$cores" ]; then jobs=$cores; fi
  if [ "$jobs" -lt 1 ]; then jobs=1; fi
  echo "$jobs"
}

# ccache may treat equal sources in different checkouts as equal, and precompiled headers as cacheable.
export CCACHE_BASEDIR=$root
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

# torch_dir: LibTorch's folder in place of Debian's, for a build folder of its own.
torch_dir=
configure() { (cd "$root" && cmake --preset release -B "$build" -DCAIRN_TORCH_DIR="$torch_dir"); }

compile() {
  local jobs
  jobs=$(build_jobs)
  echo "compiling with $jobs at once"
  cmake --build "$build" -j "$jobs"
}
