// SPDX-License-Identifier: GPL-2.0-or-later
/* KVM_IOEVENTFD: a guest's write to an address signals an eventfd, without leaving KVM_RUN. */
#include "platform/kvm/irq_parts.h"

#include <linux/eventfd.h>
#include <linux/rculist.h>
#include <linux/slab.h>

struct ioeventfd {
	struct list_head list; /* RCU; irq_vm.fds_lock to write */
	struct eventfd_ctx *eventfd;
	u64 address;
	u32 bytes; /* 0: any */
	bool any_value;
	bool port; /* of an I/O port space, which arm64 has not: matches nothing */
	u64 value;
};

static bool collides(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->port == b->port && a->address == b->address &&
	       (a->bytes == 0 || b->bytes == 0 ||
		(a->bytes == b->bytes && (a->any_value || b->any_value || a->value == b->value)));
}

static bool is_same(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->eventfd == b->eventfd && a->port == b->port && a->address == b->address &&
	       a->bytes == b->bytes && a->any_value == b->any_value &&
	       (a->any_value || a->value == b->value);
}

static long add(struct kvm_vm *vm, const struct ioeventfd *wanted)
{
	struct ioeventfd *other, *new = kmemdup(wanted, sizeof(*wanted), GFP_KERNEL_ACCOUNT);

	if (new == NULL) {
		return -ENOMEM;
	}
	mutex_lock(&vm->irq.fds_lock);
	list_for_each_entry(other, &vm->irq.ioeventfds, list)
	{
		if (collides(other, new)) {
			mutex_unlock(&vm->irq.fds_lock);
			kfree(new);
			return -EEXIST;
		}
	}
	list_add_tail_rcu(&new->list, &vm->irq.ioeventfds);
	mutex_unlock(&vm->irq.fds_lock);
	return 0;
}

static long remove(struct kvm_vm *vm, const struct ioeventfd *wanted)
{
	struct ioeventfd *each, *found = NULL;

	mutex_lock(&vm->irq.fds_lock);
	list_for_each_entry(each, &vm->irq.ioeventfds, list)
	{
		if (is_same(each, wanted)) {
			found = each;
			list_del_rcu(&found->list);
			break;
		}
	}
	mutex_unlock(&vm->irq.fds_lock);
	if (found == NULL) {
		return -ENOENT;
	}
	synchronize_rcu_expedited();
	eventfd_ctx_put(found->eventfd);
	kfree(found);
	return 0;
}

long irq_ioeventfd_change(struct kvm_vm *vm, const struct kvm_ioeventfd *args)
{
	struct ioeventfd wanted = {
		.address = args->addr,
		.bytes = args->len,
		.any_value = !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH),
		.port = args->flags & KVM_IOEVENTFD_FLAG_PIO,
		.value = args->datamatch,
	};
	bool deassign = args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN;
	long error;

	if (args->flags & ~(KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO |
			    KVM_IOEVENTFD_FLAG_DEASSIGN) ||
	    (args->len != 0 && args->len != 1 && args->len != 2 && args->len != 4 &&
	     args->len != 8) ||
	    args->addr + args->len < args->addr || (args->len == 0 && !wanted.any_value)) {
		return -EINVAL;
	}
	wanted.eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(wanted.eventfd)) {
		return PTR_ERR(wanted.eventfd);
	}
	error = deassign ? remove(vm, &wanted) : add(vm, &wanted);
	/* One that was added keeps the reference. */
	if (deassign || error != 0) {
		eventfd_ctx_put(wanted.eventfd);
	}
	return error;
}

bool irq_ioeventfd_write(struct kvm_vm *vm, u64 address, unsigned int bytes, u64 value)
{
	const struct ioeventfd *each;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(each, &vm->irq.ioeventfds, list)
	{
		if (!each->port && each->address == address &&
		    (each->bytes == 0 ||
		     (each->bytes == bytes && (each->any_value || each->value == value)))) {
			eventfd_signal(each->eventfd);
			found = true;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

void irq_ioeventfds_release(struct kvm_vm *vm)
{
	struct ioeventfd *each, *next;

	list_for_each_entry_safe(each, next, &vm->irq.ioeventfds, list)
	{
		eventfd_ctx_put(each->eventfd);
		kfree(each);
	}
}
