/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AvfVm inside: the machine (vm.c), its streams (vm_streams.c), one run of it (vm_run.c). */
#ifndef LIBAVF_VM_H
#define LIBAVF_VM_H

#include <stdbool.h>

#include <avf/vm.h>

#include "vmm/libavf/manager.h"

enum vm_signal {
	VM_SIGNAL_PAYLOAD_STARTED,
	VM_SIGNAL_PAYLOAD_READY,
	VM_SIGNAL_PAYLOAD_FINISHED,
	VM_SIGNAL_ERROR,
	VM_SIGNAL_STOPPED,
	VM_SIGNAL_COUNT,
};

enum vm_stream_name {
	VM_STREAM_CONSOLE_OUTPUT,
	VM_STREAM_LOG_OUTPUT,
	VM_STREAM_CONSOLE_INPUT,
	VM_STREAM_COUNT,
};

/* A pipe between the caller and a run. */
struct vm_stream {
	GObject *caller; /* GInputStream or GOutputStream; NULL: none yet */
	int machine;     /* the other end; -1 once a run has it */
};

/* One run. It is the machine's until service_vm_free(), also after the machine was stopped. */
struct run {
	AvfVm *vm; /* not a reference */
	struct connection *connection;
	struct service_vm *handle; /* NULL: not made yet */
	int lock;                  /* on the machine's folder; -1: given back */
};

struct _AvfVm {
	GObject parent;
	AvfManager *manager;
	char *name;
	char *folder;
	AvfConfig *config;
	struct run *run;     /* NULL: stopped */
	GPtrArray *stopping; /* runs that were stopped and whose end is still to be told */
	bool deleted;
	struct vm_stream streams[VM_STREAM_COUNT];
};

/* A machine whose files are there, in memory. Owned by the caller. */
AvfVm *vm_new(AvfManager *manager, const char *data, const char *name, AvfConfig *config);

/* Its status is DELETED from here on. */
void vm_set_deleted(AvfVm *vm);

/* Is it stopped? Errors: false; AVF_ERROR: NOT_STOPPED, DELETED. */
bool vm_is_stopped(AvfVm *vm, GError **error);

/* Tell the signal's listeners; the arguments are the signal's. */
void vm_emit(AvfVm *vm, enum vm_signal which, ...);

/* Open the pipe if there is none that waits for a run. Errors: false; AVF_ERROR_FAILED. */
bool vm_stream_prepare(AvfVm *vm, enum vm_stream_name which, GError **error);

/* The run has its end: close ours. */
void vm_stream_given(AvfVm *vm, enum vm_stream_name which);

/* Free it. */
void vm_stream_clear(struct vm_stream *stream);

/*
 * Start a run of the machine, which is stopped.
 *
 * Returns  the run, owned by the caller: run_free().
 * Errors   NULL; as avf_vm_run().
 */
struct run *run_new(AvfVm *vm, GError **error);

/* Stop it if it runs, and free it; nothing is told any more. */
void run_free(struct run *run);

#endif /* LIBAVF_VM_H */
