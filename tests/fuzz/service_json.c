/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the reader of JSON configurations, of VMs and of OSs; opens no file. */
#include <stdlib.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int os = 0; os < 2; os++) {
		const struct vm_json_options options = { .os = os == 1, .debuggable = os == 1 };
		g_autoptr(GError) error = NULL;
		struct vm_raw_config *config =
			vm_json_parse((const char *)data, size, &options, &error);

		/* One of both, and the error is for the caller. */
		if ((config == NULL) != (error != NULL) ||
		    (error != NULL && error->domain != IPC_ERROR)) {
			abort();
		}
		vm_raw_config_free(config);
	}
	return 0;
}
