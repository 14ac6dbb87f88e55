/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/libavf/error.h"

#include <errno.h>

#include <glib-object.h>

#include "vmm/service/ipc_error.h"

G_DEFINE_QUARK(avf - error - quark, avf_error)

/* The app layer's numbers are the service's. */
#define SAME(ours, theirs) G_STATIC_ASSERT((int)(ours) == (int)(theirs))
SAME(AVF_MANAGER_CAPABILITY_PROTECTED_VM, AVF_CAPABILITY_PROTECTED_VM);
SAME(AVF_MANAGER_CAPABILITY_NON_PROTECTED_VM, AVF_CAPABILITY_NON_PROTECTED_VM);
SAME(AVF_DEBUG_LEVEL_NONE, AVF_DEBUG_NONE);
SAME(AVF_DEBUG_LEVEL_FULL, AVF_DEBUG_FULL);
SAME(AVF_CPU_TOPOLOGY_ONE_CPU, AVF_CPU_ONE);
SAME(AVF_CPU_TOPOLOGY_MATCH_HOST, AVF_CPU_MATCH_HOST);
SAME(AVF_VM_STATUS_STOPPED, AVF_STATUS_STOPPED);
SAME(AVF_VM_STATUS_RUNNING, AVF_STATUS_RUNNING);
SAME(AVF_VM_STATUS_DELETED, AVF_STATUS_DELETED);
SAME(AVF_VM_MIN_VSOCK_PORT, AVF_VSOCK_PORT_MIN);
SAME(AVF_VM_MAX_VSOCK_PORT, AVF_VSOCK_PORT_MAX);
SAME(AVF_VM_ERROR_PAYLOAD_VERIFICATION_FAILED, AVF_ERROR_CODE_PAYLOAD_VERIFICATION_FAILED);
SAME(AVF_VM_ERROR_PAYLOAD_CHANGED, AVF_ERROR_CODE_PAYLOAD_CHANGED);
SAME(AVF_VM_ERROR_PAYLOAD_INVALID_CONFIG, AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG);
#define SAME_REASON(name, number) SAME(AVF_STOP_REASON_##name, number);
AVF_DEATH_REASONS(SAME_REASON)

bool app_error(GError **error, AvfError code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error != NULL) {
		*error = g_error_new_valist(AVF_ERROR, (int)code, format, args);
	}
	va_end(args);
	return false;
}

bool app_error_errno(GError **error, const char *format, ...)
{
	int saved = errno;
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	return app_error(error, AVF_ERROR_FAILED, "%s: %s", what, g_strerror(saved));
}

static AvfError code_of(const GError *from)
{
	if (from->domain != IPC_ERROR) {
		return AVF_ERROR_FAILED;
	}
	switch (from->code) {
	case AVF_EXCEPTION_SECURITY:
		return AVF_ERROR_SECURITY;
	case AVF_EXCEPTION_ILLEGAL_ARGUMENT:
		return AVF_ERROR_ILLEGAL_ARGUMENT;
	case AVF_EXCEPTION_ILLEGAL_STATE:
		return AVF_ERROR_ILLEGAL_STATE;
	case AVF_EXCEPTION_UNSUPPORTED_OPERATION:
		return AVF_ERROR_UNSUPPORTED_OPERATION;
	default:
		return AVF_ERROR_FAILED;
	}
}

bool app_error_of(GError **error, GError *from)
{
	ipc_error_strip(from);
	app_error(error, code_of(from), "%s", from->message);
	g_error_free(from);
	return false;
}
