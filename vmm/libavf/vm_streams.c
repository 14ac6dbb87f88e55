/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console and log of a machine as GIO's streams. */
#include <fcntl.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>

#include "vmm/libavf/error.h"
#include "vmm/libavf/vm.h"

void vm_stream_clear(struct vm_stream *stream)
{
	g_clear_object(&stream->caller);
	if (stream->machine >= 0) {
		close(stream->machine);
		stream->machine = -1;
	}
}

bool vm_stream_prepare(AvfVm *vm, enum vm_stream_name which, GError **error)
{
	struct vm_stream *stream = &vm->streams[which];
	bool input = which == VM_STREAM_CONSOLE_INPUT;
	GError *failed = NULL;
	int ends[2];

	if (stream->machine >= 0) {
		return true;
	}
	if (!g_unix_open_pipe(ends, FD_CLOEXEC, &failed)) {
		return app_error_of(error, failed);
	}
	vm_stream_clear(stream);
	if (input) {
		stream->caller = G_OBJECT(g_unix_output_stream_new(ends[1], TRUE));
		stream->machine = ends[0];
	} else {
		stream->caller = G_OBJECT(g_unix_input_stream_new(ends[0], TRUE));
		stream->machine = ends[1];
	}
	return true;
}

void vm_stream_given(AvfVm *vm, enum vm_stream_name which)
{
	struct vm_stream *stream = &vm->streams[which];

	if (stream->machine >= 0) {
		close(stream->machine);
		stream->machine = -1;
	}
}

static void *get_stream(AvfVm *vm, enum vm_stream_name which, bool wanted, const char *option,
			GError **error)
{
	if (avf_vm_get_status(vm) == AVF_VM_STATUS_DELETED) {
		app_error(error, AVF_ERROR_DELETED, "the machine has been deleted");
		return NULL;
	}
	if (!wanted) {
		app_error(error, AVF_ERROR_ILLEGAL_STATE, "%s: the config does not have it",
			  option);
		return NULL;
	}
	if (vm->streams[which].caller == NULL && !vm_stream_prepare(vm, which, error)) {
		return NULL;
	}
	return g_object_ref(vm->streams[which].caller);
}

GInputStream *avf_vm_get_console_output(AvfVm *vm, GError **error)
{
	return get_stream(vm, VM_STREAM_CONSOLE_OUTPUT,
			  avf_config_is_vm_output_captured(vm->config), "vm-output-captured",
			  error);
}

GInputStream *avf_vm_get_log_output(AvfVm *vm, GError **error)
{
	return get_stream(vm, VM_STREAM_LOG_OUTPUT, avf_config_is_vm_output_captured(vm->config),
			  "vm-output-captured", error);
}

GOutputStream *avf_vm_get_console_input(AvfVm *vm, GError **error)
{
	return get_stream(vm, VM_STREAM_CONSOLE_INPUT,
			  avf_config_is_vm_console_input_supported(vm->config),
			  "vm-console-input-supported", error);
}
