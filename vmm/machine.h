/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM from its options to its end. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdbool.h>

#include <glib.h>

#include "vmm/exit_code.h"
#include "vmm/options.h"

/*
 * Start the VM, run it until it ends, and clean up behind it.
 *
 * Order: open and measure files, memory, KVM, devices, info file, sandbox,
 * vCPUs, main loop. SIGTERM, SIGINT and SIGHUP stop the VM.
 *
 * @code    set on success: why the VM ended.
 * Needs    the main thread, no other, and to be called once.
 * Errors   false: the VM never ran. What the parts say.
 */
bool machine_run(const struct options *options, enum exit_code *code, GError **error);

/*
 * Write the device tree that machine_run() would give the guest to
 * options->dump_dtb. Needs no /dev/kvm.
 *
 * Errors  false: from the files, the layout, or writing.
 */
bool machine_dump_dtb(const struct options *options, GError **error);

#endif /* VMM_MACHINE_H */
