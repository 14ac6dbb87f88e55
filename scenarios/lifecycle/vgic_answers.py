# SPDX-License-Identifier: GPL-2.0-or-later
"""What upstream's KVM answers to host/tools/vgic-api, step by step (Linux 7.2, neoverse-n2)."""

from __future__ import annotations

ANSWERS = """
line-without-gic=ENXIO ppi-without-gic=ENXIO irqfd-without-gic=EAGAIN create-v3-test=0
create-v2=ENODEV create-unknown=ENODEV create-v3=0 create-v3-again=EEXIST create-irqchip=ENODEV
has-dist=0 has-redist=0 has-redist-region=0 has-v2-dist=ENXIO has-nr-irqs=0 has-init=0
has-save-pending=0 has-unknown-control=ENXIO has-unknown-group=ENXIO has-level-info=0
has-unknown-info=ENXIO dist-unset=0xffffffffffffffff redist-unset=0xffffffffffffffff
dist-misaligned=EINVAL dist-too-high=E2BIG dist-bad-pointer=EFAULT dist=0 dist-again=EEXIST
dist-is=0x8000000 region-without-count=EINVAL region-flags=EINVAL region-second=EINVAL region=0
region-overlaps=EINVAL region-next=0 redist-among-regions=EINVAL v2-address=ENXIO irqs-32=EINVAL
irqs-100=EINVAL irqs-1056=EINVAL irqs=0 irqs-again=EBUSY irqs-are=0x80 vcpu=0 vcpu=0
register-before-init=EBUSY save-before-init=ENXIO line-before-init=EBUSY irqfd-before-init=EAGAIN
init=0 init-again=0 vcpu-after-init=EBUSY save-after-init=0 timer-interrupt=0x1b
timer-interrupt=0x1e timer-interrupt=0x1c timer-interrupt=0x1a timer-has-unknown=ENXIO
timer-spi=EINVAL timer-ppi=0 timer-ppi-of-the-other=0x14 timer-ppi-back=0 pidr2=0x3b ctlr=0x52
iidr-wrong=EINVAL group=0xfffffff0 enable=0xff00ff00 disable=0xf000f00 config=0xaa00aa00
priority=0x10305078 route=0x1 route-high=0x0 pending=0xff pending-fewer=0xf clear-pending=0x0
pending-still=0xf active=0xf0 clear-active=0xc0 private-enable=0x0 beyond=0x0 no-register=0x0
no-cpu=0x480003 has-register=0 has-no-register=ENXIO redist-typer-low=0x110 redist-typer-high=0x1
redist-waker=0x0 redist-pidr2=0x3b sgi-group=0xffffff00 sgi-enable=0x800ffff
sgi-enable-of-the-other=0xffff sgi-priority=0xf8f8f8f8 sgi-config=0xaaaaaaaa ppi-config=0x0
sgi-pending=0x3 sgi-active=0x5 redist-no-register=0x0 pmr=0xf0 bpr0=0x3 bpr1=0x4 grpen0=0x1
grpen1=0x1 ap1r0=0x80 sre=0x7 sre-wrong=0x7 ctlr-is=0x8c00 ctlr-wrong=EINVAL ap1r3=EINVAL
no-such-cpuif=ENOENT has-pmr=0 has-no-such-cpuif=ENXIO line-spi=0 line-ppi=0 line-below=EINVAL
line-beyond=EINVAL line-no-cpu=EINVAL line-sgi=EINVAL line-cpu=ENXIO line-type=EINVAL
levels-spi=0x2 levels-ppi=0x100000 levels-misaligned=EINVAL levels-info=EINVAL line-spi-low=0
line-ppi-low=0 levels-set=0x6 levels-clear=0x0 irqfd=0 irqfd-again=EBUSY irqfd-flags=EINVAL
irqfd-no-fd=EBADF irqfd-no-eventfd=EINVAL irqfd-no-resamplefd=EINVAL irqfd-raises=0x1
irqfd-other-gsi=0 irqfd-still=0x1 irqfd-off=0 irqfd-no-more=0x0 irqfd-off-again=0
irqfd-signalled=0 irqfd-at-once=0x4 irqfd-resample=0 irqfd-level-latches=0x0 irqfd-level=0x8
route-too-many=EINVAL route-flags=EINVAL route-irqchip=EINVAL route-twice=EINVAL route-gsi=EINVAL
route-pin=EINVAL route-type=EINVAL route=0 route-irqfd=0 route-raises=0x200 route-none=0
route-no-more=0x0 io=0 io-again=EEXIST io-other-value=0 io-any-value=EEXIST io-other-length=0
io-any-length=EEXIST io-length-3=EINVAL io-length-16=EINVAL io-no-length-match=EINVAL
io-wraps=EINVAL io-flags=EINVAL io-no-fd=EBADF io-off-other-fd=ENOENT io-off-other-value=ENOENT
io-off=0 io-off-again=ENOENT vcpu=0 vcpu=0 run-without-places=ENXIO
""".split()
