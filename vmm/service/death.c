/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/death.h"

#include <string.h>
#include <sys/wait.h>

#include "vmm/exit_code.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NAMED(name, number) { #name, number },

static const struct {
	const char *name;
	int reason;
} names[] = { AVF_DEATH_REASONS(NAMED) };

/* What a guest may say of itself. */
static const enum avf_death_reason from_guest[] = {
	AVF_DEATH_PVM_FIRMWARE_PUBLIC_KEY_MISMATCH,
	AVF_DEATH_PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED,
	AVF_DEATH_MICRODROID_FAILED_TO_CONNECT_TO_VIRTUALIZATION_SERVICE,
	AVF_DEATH_MICRODROID_PAYLOAD_HAS_CHANGED,
	AVF_DEATH_MICRODROID_PAYLOAD_VERIFICATION_FAILED,
	AVF_DEATH_MICRODROID_INVALID_PAYLOAD_CONFIG,
	AVF_DEATH_MICRODROID_UNKNOWN_RUNTIME_ERROR,
	AVF_DEATH_HANGUP,
};

/* AVF has no reason for the exit codes of a guest's panic and of bad arguments: UNKNOWN. */
static const struct {
	int code;
	enum avf_death_reason reason;
} exits[] = {
	{ EXIT_CODE_STOP, AVF_DEATH_SHUTDOWN },
	{ EXIT_CODE_START_FAILED, AVF_DEATH_START_FAILED },
	{ EXIT_CODE_RESET, AVF_DEATH_REBOOT },
	{ EXIT_CODE_CRASH, AVF_DEATH_CRASH },
	{ EXIT_CODE_WATCHDOG, AVF_DEATH_WATCHDOG_REBOOT },
};

const char *death_name(int reason)
{
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i].reason == reason) {
			return names[i].name;
		}
	}
	return "?";
}

static size_t word_bytes(const char *text, size_t bytes)
{
	size_t length = 0;

	while (length < bytes && text[length] != AVF_FAILURE_SEPARATOR && text[length] != '\n' &&
	       text[length] != '\r') {
		length++;
	}
	return length;
}

bool death_from_failure_text(const char *text, size_t bytes, enum avf_death_reason *reason)
{
	size_t length = word_bytes(text, bytes);

	for (size_t i = 0; i < COUNT_OF(from_guest); i++) {
		const char *name = death_name((int)from_guest[i]);

		if (strlen(name) == length && memcmp(name, text, length) == 0) {
			*reason = from_guest[i];
			return true;
		}
	}
	return false;
}

enum avf_death_reason death_from_wait_status(int status)
{
	if (WIFSIGNALED(status)) {
		return AVF_DEATH_KILLED;
	}
	if (!WIFEXITED(status)) {
		return AVF_DEATH_INFRASTRUCTURE_ERROR;
	}
	for (size_t i = 0; i < COUNT_OF(exits); i++) {
		if (exits[i].code == WEXITSTATUS(status)) {
			return exits[i].reason;
		}
	}
	return AVF_DEATH_UNKNOWN;
}

enum avf_death_reason death_reason(const char *text, size_t bytes, int status)
{
	enum avf_death_reason reason;

	return death_from_failure_text(text, bytes, &reason) ? reason :
							       death_from_wait_status(status);
}
