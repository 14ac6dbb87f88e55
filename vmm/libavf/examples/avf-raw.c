/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avf-raw [-p] [-r] [-m MIB] [-i INITRD] [-d DISK] [-t OVERLAY] [-s WORD] KERNEL: starts a machine by the raw layer; its
 * console is the standard input and output, its log the standard error output. At its end the reason's number is written there.
 *
 *   -p  protected; -r  protected, and the guest speaks Arm CCA's RSI
 *   -m  its memory (16); -i  initial RAM disk; -d  read-only disk, repeatable; -t  device tree overlay
 *   -s  once the console has said WORD, pull the plug
 */
#include <android/virtualization.h>
#include <avf/raw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MIB 16
#define CONSOLE_BYTES 4096

/* The descriptor of @path is the library's then. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* Reads what the machine shall be; *@word is what -s says. */
static AVirtualMachineRawConfig *read_config(int argc, char **argv, const char **word)
{
	AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();
	int option;

	AVirtualMachineRawConfig_setName(config, "avf-raw");
	AVirtualMachineRawConfig_setMemoryMiB(config, MEMORY_MIB);
	while ((option = getopt(argc, argv, "prm:i:d:t:s:")) != -1) {
		switch (option) {
		case 'r':
			avf_raw_config_set_rsi(config, true);
			/* fall through */
		case 'p':
			AVirtualMachineRawConfig_setProtectedVm(config, true);
			break;
		case 'm':
			AVirtualMachineRawConfig_setMemoryMiB(config,
							      (int32_t)strtol(optarg, NULL, 10));
			break;
		case 'i':
			AVirtualMachineRawConfig_setInitRd(config, open_file(optarg));
			break;
		case 'd':
			AVirtualMachineRawConfig_addDisk(config, open_file(optarg), false);
			break;
		case 't':
			AVirtualMachineRawConfig_setDeviceTreeOverlay(config, open_file(optarg));
			break;
		case 's':
			*word = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "avf-raw: one KERNEL is needed\n");
		exit(2);
	}
	AVirtualMachineRawConfig_setKernel(config, open_file(argv[optind]));
	return config;
}

/* Pass the console on until the machine closes it, or says @word. */
static void pass_console(int fd, AVirtualMachine *vm, const char *word)
{
	char text[CONSOLE_BYTES];
	size_t kept = 0; /* of what was passed on: a word may come in two pieces */
	ssize_t got;

	while ((got = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		fwrite(text + kept, 1, (size_t)got, stdout);
		fflush(stdout);
		kept += (size_t)got;
		text[kept] = '\0';
		if (word != NULL && strstr(text, word) != NULL && AVirtualMachine_stop(vm) != 0) {
			fprintf(stderr, "avf-raw: cannot stop it\n");
		}
		if (kept > sizeof(text) / 2) {
			memmove(text, text + kept / 2, kept - kept / 2);
			kept -= kept / 2;
		}
	}
}

int main(int argc, char **argv)
{
	const char *word = NULL;
	AVirtualMachineRawConfig *config = read_config(argc, argv, &word);
	enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_UNRECOGNISED;
	AVirtualizationService *service = NULL;
	AVirtualMachine *vm = NULL;
	int ends[2];

	if (pipe(ends) != 0 || AVirtualizationService_create(&service, false) != 0) {
		fprintf(stderr, "avf-raw: there is no service\n");
		return 1;
	}
	if (AVirtualMachine_createRaw(service, config, ends[1], dup(STDIN_FILENO),
				      dup(STDERR_FILENO), &vm) != 0 ||
	    AVirtualMachine_start(vm) != 0) {
		return 1;
	}
	pass_console(ends[0], vm, word);
	AVirtualMachine_waitForStop(vm, NULL, &reason);
	fprintf(stderr, "stopped: %d\n", (int)reason);
	AVirtualMachine_destroy(vm);
	AVirtualizationService_destroy(service);
	return 0;
}
