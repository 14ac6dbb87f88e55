#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install the distribution's own packages that are missing: those named, or all
# of system-packages.txt. Quiet when nothing is. Needs root or sudo only then.
set -eu

list=$(dirname "$0")/system-packages.txt
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "setup: this machine has no dpkg and apt: Terrarium sets itself up on Debian 12 or 13 (amd64)" >&2
	exit 1
fi
packages=$*
if [ -z "$packages" ]; then
	packages=$(sed 's/#.*//' "$list")
fi
missing=
for package in $packages; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	if [ "$state" != installed ]; then
		missing="$missing $package"
	fi
done
if [ -z "$missing" ]; then
	exit 0
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: not root and no sudo; have an administrator run: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
echo "setup: installing from the distribution:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # words on purpose: a list of package names
if ! { $as_root apt-get install -qq --no-install-recommends -y $missing ||
	{ $as_root apt-get update -qq && $as_root apt-get install -qq --no-install-recommends -y $missing; }; } >"$log" 2>&1; then
	tail -n 5 "$log" >&2
	echo "setup: apt-get could not install:$missing (is the network there, and is the mirror right?)" >&2
	exit 1
fi
