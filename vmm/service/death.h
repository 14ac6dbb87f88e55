/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a VM ended: what its guest wrote to the failure port, else how its vmm ended. */
#ifndef VMM_SERVICE_DEATH_H
#define VMM_SERVICE_DEATH_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/service/avf.h"

/* What is kept of a failure port's text; a guest may write more. */
#define DEATH_TEXT_BYTES_MAX 1024

/*
 * The reason in "REASON" or "REASON|context": of the text's first line, exactly a name that
 * a guest may give (AVF's virtmgr: the PVM_FIRMWARE, MICRODROID ones and HANGUP).
 *
 * @text    any bytes, @bytes of them.
 * @reason  set if true is returned.
 */
bool death_from_failure_text(const char *text, size_t bytes, enum avf_death_reason *reason);

/* The reason in the vmm's wait status (waitpid(); vmm/exit_code.h). */
enum avf_death_reason death_from_wait_status(int status);

/* Both: the failure port's text first. */
enum avf_death_reason death_reason(const char *text, size_t bytes, int status);

/* "KILLED" of AVF_DEATH_KILLED; "?" of a number that is no reason. */
const char *death_name(int reason);

#endif /* VMM_SERVICE_DEATH_H */
