/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One VM from createVm to its end: IVirtualMachine on its client's connection, the vmm process,
 * the guest's messages, the hang-up monitor. Main thread.
 */
#ifndef VMM_SERVICE_VIRTUAL_MACHINE_H
#define VMM_SERVICE_VIRTUAL_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

#include <gio/gio.h>

#include "vmm/service/guest_transport.h"
#include "vmm/service/vm_config.h"
#include "vmm/service/vmm_command.h"

struct virtual_machine;

/* What a VM is made of. Strings are copied; config and streams become the VM's. */
struct virtual_machine_recipe {
	struct vm_raw_config *config;
	struct vm_streams streams;
	uint32_t cid;
	const char *object_path;
	const char *directory;   /* its own, there already; removed with the VM */
	const char *program;     /* the vmm */
	unsigned hangup_seconds; /* 0: no monitor */
	uid_t client_uid;
	pid_t client_pid;
	const struct guest_transport *transport;
	void *transport_opaque;
};

/* Free config and close streams of a recipe that no VM took. */
void virtual_machine_recipe_clear(struct virtual_machine_recipe *recipe);

/* What the VM's owner hears. dead: it has just got to DEAD; released: its client wants no more of it. */
struct virtual_machine_ops {
	void (*dead)(void *opaque, struct virtual_machine *vm);
	void (*released)(void *opaque, struct virtual_machine *vm);
};

/*
 * Make a VM in state NOT_STARTED and export it on @bus.
 *
 * @recipe  its config and streams are the VM's from here on, also on failure.
 * Returns  it, owned by the caller: virtual_machine_free().
 * Errors   NULL; G_IO_ERROR: the connection has closed.
 */
struct virtual_machine *virtual_machine_new(const struct virtual_machine_recipe *recipe,
					    GDBusConnection *bus,
					    const struct virtual_machine_ops *ops, void *opaque,
					    GError **error);

/* Its client is gone: nothing is told to it any more. A VM that runs is killed; ops->dead follows. */
void virtual_machine_abandon(struct virtual_machine *vm);

/* The state, enum avf_state. */
int virtual_machine_state(const struct virtual_machine *vm);

/* Its CID; free again once it is DEAD. */
uint32_t virtual_machine_cid(const struct virtual_machine *vm);

/* Whose it is. */
uid_t virtual_machine_client_uid(const struct virtual_machine *vm);

/* What debugListVms says of it: a floating a{sv}. */
GVariant *virtual_machine_describe(const struct virtual_machine *vm);

/* Forget it. Its vmm must not run: NOT_STARTED or DEAD. NULL is allowed. */
void virtual_machine_free(struct virtual_machine *vm);

#endif /* VMM_SERVICE_VIRTUAL_MACHINE_H */
