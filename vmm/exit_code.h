/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the VMM ended, as its exit status. The numbers are crosvm's. */
#ifndef VMM_EXIT_CODE_H
#define VMM_EXIT_CODE_H

enum exit_code {
	EXIT_CODE_STOP = 0,         /* the guest switched itself off, or the host stopped it */
	EXIT_CODE_START_FAILED = 1, /* the VM never ran; the reason is on stderr */
	EXIT_CODE_RESET = 32,       /* the guest asked for a reset; the caller starts a new VM */
	EXIT_CODE_CRASH = 33,       /* the VM could not go on; the reason is on stderr */
	EXIT_CODE_GUEST_PANIC = 34, /* the guest said so by pvpanic */
	EXIT_CODE_BAD_ARGUMENTS = 35,
	EXIT_CODE_WATCHDOG = 36, /* a vCPU stopped petting its stall detector */
};

#endif /* VMM_EXIT_CODE_H */
