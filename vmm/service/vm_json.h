/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's configuration as JSON: what `vm run` takes, and what describes an OS for app VMs.
 *
 * The fields are AVF's (its vmconfig library): name, kernel, initrd, params, bootloader, disks (of each image, or
 * partitions with label, path, writable, guid; and writable), protected, memory_mib, cpu_topology ("one_cpu",
 * "match_host"), platform_version, devices, console_input_device; Terrarium's own: cpu_count,
 * swiotlb_mib, rsi. Of an OS also initrd_debuggable. AVF's fields for what is not there (usb_config, network, balloon, gpu,
 * display, input, audio, sharedPath) are UnsupportedOperation, unless they say that it is not wanted (false). Any other field is refused.
 */
#ifndef VMM_SERVICE_VM_JSON_H
#define VMM_SERVICE_VM_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/service/vm_config.h"

#define VM_JSON_BYTES_MAX (64 * 1024)

struct vm_json_options {
	const char *
		folder; /* what relative paths start from; NULL: files are not opened, all stay -1 */
	bool os;        /* a description of an OS: initrd_debuggable is a field */
	bool debuggable; /* of an OS: initrd_debuggable, if there, takes the place of initrd */
};

/*
 * Read a configuration and open its files; writable where it says so, else read-only.
 *
 * @text    any bytes, @bytes of them.
 * Returns  a configuration, owned by the caller; checked by vm_raw_config_check() unless files were not opened.
 * Errors   NULL; IPC_ERROR: IllegalArgument or UnsupportedOperation; the message names the
 *          field ("disks[0].partitions[1].path: ...") or the line.
 */
struct vm_raw_config *vm_json_parse(const char *text, size_t bytes,
				    const struct vm_json_options *options, GError **error);

/* vm_json_parse() of a file, relative to its own folder; messages begin with @path. */
struct vm_raw_config *vm_json_load(const char *path, const struct vm_json_options *options,
				   GError **error);

#endif /* VMM_SERVICE_VM_JSON_H */
