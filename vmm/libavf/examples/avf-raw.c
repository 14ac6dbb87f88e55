/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avf-raw KIND IMAGE [WORD]: starts a machine by the raw layer and passes its console on; once it has said WORD, pulls the plug; at
 * its end writes the reason's number to the standard error output. KIND: protected or normal.
 */
#include <android/virtualization.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MIB 16

/* Pass lines on until the machine closes its console, or says @word. */
static void pass_console(int fd, AVirtualMachine *vm, const char *word)
{
	FILE *console = fdopen(fd, "r");
	char line[512];

	while (console != NULL && fgets(line, sizeof(line), console) != NULL) {
		fputs(line, stdout);
		if (word != NULL && strstr(line, word) != NULL && AVirtualMachine_stop(vm) != 0) {
			fprintf(stderr, "avf-raw: cannot stop it\n");
		}
	}
}

int main(int argc, char **argv)
{
	AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();
	enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_UNRECOGNISED;
	AVirtualizationService *service = NULL;
	AVirtualMachine *vm = NULL;
	int ends[2];

	if (argc < 3 || pipe(ends) != 0 || AVirtualizationService_create(&service, false) != 0) {
		fprintf(stderr, "avf-raw: protected|normal IMAGE [WORD], and a service\n");
		return 1;
	}
	AVirtualMachineRawConfig_setName(config, "avf-raw");
	AVirtualMachineRawConfig_setKernel(config, open(argv[2], O_RDONLY));
	AVirtualMachineRawConfig_setMemoryMiB(config, MEMORY_MIB);
	AVirtualMachineRawConfig_setProtectedVm(config, strcmp(argv[1], "protected") == 0);
	if (AVirtualMachine_createRaw(service, config, ends[1], -1, -1, &vm) != 0 ||
	    AVirtualMachine_start(vm) != 0) {
		return 1;
	}
	pass_console(ends[0], vm, argc > 3 ? argv[3] : NULL);
	AVirtualMachine_waitForStop(vm, NULL, &reason);
	fprintf(stderr, "stopped: %d\n", (int)reason);
	AVirtualMachine_destroy(vm);
	AVirtualizationService_destroy(service);
	return 0;
}
