#!/usr/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# Debian's root: the read-only image on /dev/vda with memory over it, so that what the guest writes goes with it.
export PATH=/usr/bin:/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
for module in $(cat /etc/modules-at-boot); do
	insmod "$module" || echo "init: cannot load $module"
done
mount -t erofs -o ro /dev/vda /lower || echo "init: no root file system on /dev/vda"
mount -t tmpfs -o mode=0755 over /over && mkdir /over/upper /over/work
if mount -t overlay -o lowerdir=/lower,upperdir=/over/upper,workdir=/over/work root /root; then
	first=/sbin/init
else # a trimmed kernel: what cannot be written is not, and there is no systemd without control groups
	mount -o move /lower /root
	first=/usr/sbin/console-login
fi
mount -o move /dev /root/dev
exec switch_root /root $first
