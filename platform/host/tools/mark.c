/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark NAME: a moment of a closed run that the runner may save the machine at, or that plugins wait
 * for: a mark of platform/abi/mark.h, by which the trace has it, too.
 *
 * Exit status 0; 1: this machine cannot be stopped.
 */
#include "platform/abi/mark.h"
#include "platform/host/lib/pci.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: mark NAME\n");
		return 2;
	}
	mark(argv[1], 0, 0);
	if (pci_stop_machine() < 0) {
		fprintf(stderr, "mark %s: the machine cannot be stopped: %s\n", argv[1],
			strerror(errno));
		return 1;
	}
	return 0;
}
