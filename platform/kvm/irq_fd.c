// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM_IRQFD: an eventfd that raises an interrupt when it is signalled. With a second eventfd the
 * interrupt is a level: raised by the first, lowered when the guest has ended it, which signals
 * the second.
 *
 * An irqfd lives on vm->irq.irqfds until it is deassigned, its eventfd is closed or the VM goes;
 * who takes it off the list (irqfds_lock) queues the work that frees it. The wake-up runs
 * under the eventfd's lock with interrupts off and raises the interrupt right there.
 */
#include "platform/kvm/irq_parts.h"

#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct irqfd {
	struct list_head list;     /* irqfds_lock; empty: it is going */
	struct list_head resample; /* RCU; fds_lock to write */
	struct kvm_vm *vm;         /* outlives it: irq_fds_release() */
	struct eventfd_ctx *eventfd;
	struct eventfd_ctx *resamplefd; /* NULL: none */
	u32 gsi;
	wait_queue_entry_t wait;
	poll_table table;
	int wait_error; /* of joining the eventfd's queue */
	struct work_struct shutdown;
};

static struct workqueue_struct *shutdown_queue;

static void raise(const struct irqfd *irqfd)
{
	u32 intid = irq_gsi_to_intid(irqfd->vm, irqfd->gsi);
	struct vgic *vgic = &irqfd->vm->irq.vgic;

	if (intid == 0) {
		return;
	}
	vgic_inject(vgic, 0, intid, true, false);
	if (irqfd->resamplefd == NULL) {
		vgic_inject(vgic, 0, intid, false, false);
	}
}

static void shut_down(struct work_struct *work)
{
	struct irqfd *irqfd = container_of(work, struct irqfd, shutdown);
	u64 count;

	/* Who made it is done with it: join() holds the lock. */
	mutex_lock(&irqfd->vm->irq.fds_lock);
	if (irqfd->resamplefd != NULL) {
		list_del_rcu(&irqfd->resample);
	}
	mutex_unlock(&irqfd->vm->irq.fds_lock);
	if (irqfd->wait_error == 0) {
		/* From here on there is no wake-up. */
		eventfd_ctx_remove_wait_queue(irqfd->eventfd, &irqfd->wait, &count);
	}
	if (irqfd->resamplefd != NULL) {
		synchronize_rcu_expedited();
		eventfd_ctx_put(irqfd->resamplefd);
	}
	eventfd_ctx_put(irqfd->eventfd);
	kfree(irqfd);
}

/* Needs irqfds_lock. */
static void take_off(struct irqfd *irqfd)
{
	list_del_init(&irqfd->list);
	queue_work(shutdown_queue, &irqfd->shutdown);
}

static int wake_up_irqfd(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	unsigned long flags;
	int consumed = 0;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->eventfd, &count);
		raise(irqfd);
		consumed = 1;
	}
	if (events & EPOLLHUP) {
		spin_lock_irqsave(&irqfd->vm->irq.irqfds_lock, flags);
		if (!list_empty(&irqfd->list)) {
			take_off(irqfd);
		}
		spin_unlock_irqrestore(&irqfd->vm->irq.irqfds_lock, flags);
	}
	return consumed;
}

static void join_queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct irqfd *irqfd = container_of(table, struct irqfd, table);

	irqfd->wait_error = add_wait_queue_priority_exclusive(head, &irqfd->wait);
}

static void free_unused(struct irqfd *irqfd)
{
	if (!IS_ERR_OR_NULL(irqfd->resamplefd)) {
		eventfd_ctx_put(irqfd->resamplefd);
	}
	if (!IS_ERR_OR_NULL(irqfd->eventfd)) {
		eventfd_ctx_put(irqfd->eventfd);
	}
	kfree(irqfd);
}

static struct irqfd *make(struct kvm_vm *vm, const struct kvm_irqfd *args, struct file *file)
{
	struct irqfd *irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	long error = 0;

	if (irqfd == NULL) {
		return ERR_PTR(-ENOMEM);
	}
	irqfd->vm = vm;
	irqfd->gsi = args->gsi;
	INIT_LIST_HEAD(&irqfd->list);
	INIT_WORK(&irqfd->shutdown, shut_down);
	init_waitqueue_func_entry(&irqfd->wait, wake_up_irqfd);
	init_poll_funcptr(&irqfd->table, join_queue);
	irqfd->eventfd = eventfd_ctx_fileget(file);
	if (IS_ERR(irqfd->eventfd)) {
		error = PTR_ERR(irqfd->eventfd);
	} else if (args->flags & KVM_IRQFD_FLAG_RESAMPLE) {
		irqfd->resamplefd = eventfd_ctx_fdget(args->resamplefd);
		error = PTR_ERR_OR_ZERO(irqfd->resamplefd);
	}
	if (error != 0) {
		free_unused(irqfd);
		return ERR_PTR(error);
	}
	return irqfd;
}

/* -EBUSY: the eventfd has one in this VM. Needs fds_lock. */
static int put_on(struct kvm_vm *vm, struct irqfd *irqfd)
{
	struct irqfd *other;
	int error = 0;

	spin_lock_irq(&vm->irq.irqfds_lock);
	list_for_each_entry(other, &vm->irq.irqfds, list)
	{
		if (other->eventfd == irqfd->eventfd) {
			error = -EBUSY;
		}
	}
	if (error == 0) {
		list_add_tail(&irqfd->list, &vm->irq.irqfds);
	}
	spin_unlock_irq(&vm->irq.irqfds_lock);
	return error;
}

/* Once it is on the list, the work frees it, which waits for fds_lock. */
static long join(struct kvm_vm *vm, struct irqfd *irqfd, struct file *file)
{
	__poll_t events;
	long error;

	mutex_lock(&vm->irq.fds_lock);
	error = put_on(vm, irqfd);
	if (error != 0) {
		free_unused(irqfd);
		goto out_unlock;
	}
	if (irqfd->resamplefd != NULL) {
		list_add_rcu(&irqfd->resample, &vm->irq.resamplers);
	}
	events = vfs_poll(file, &irqfd->table);
	error = irqfd->wait_error;
	if (error != 0) {
		spin_lock_irq(&vm->irq.irqfds_lock);
		if (!list_empty(&irqfd->list)) {
			take_off(irqfd);
		}
		spin_unlock_irq(&vm->irq.irqfds_lock);
	} else if (events & EPOLLIN) {
		raise(irqfd);
	}
out_unlock:
	mutex_unlock(&vm->irq.fds_lock);
	return error;
}

static long assign(struct kvm_vm *vm, const struct kvm_irqfd *args)
{
	struct irqfd *irqfd;
	struct file *file;
	long error;

	if (!READ_ONCE(vm->irq.vgic.initialized)) {
		return -EAGAIN;
	}
	file = fget(args->fd);
	if (file == NULL) {
		return -EBADF;
	}
	irqfd = make(vm, args, file);
	error = IS_ERR(irqfd) ? PTR_ERR(irqfd) : join(vm, irqfd, file);
	fput(file);
	return error;
}

static long deassign(struct kvm_vm *vm, const struct kvm_irqfd *args)
{
	struct eventfd_ctx *eventfd = eventfd_ctx_fdget(args->fd);
	struct irqfd *each, *next;

	if (IS_ERR(eventfd)) {
		return PTR_ERR(eventfd);
	}
	spin_lock_irq(&vm->irq.irqfds_lock);
	list_for_each_entry_safe(each, next, &vm->irq.irqfds, list)
	{
		if (each->eventfd == eventfd && each->gsi == args->gsi) {
			take_off(each);
		}
	}
	spin_unlock_irq(&vm->irq.irqfds_lock);
	eventfd_ctx_put(eventfd);
	/* No interrupt of it comes after this returns. */
	flush_workqueue(shutdown_queue);
	return 0;
}

long irq_fd_change(struct kvm_vm *vm, const struct kvm_irqfd *args)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE)) {
		return -EINVAL;
	}
	return args->flags & KVM_IRQFD_FLAG_DEASSIGN ? deassign(vm, args) : assign(vm, args);
}

void irq_fd_ended(struct kvm_vm *vm, u32 intid)
{
	const struct irqfd *each;

	rcu_read_lock();
	list_for_each_entry_rcu(each, &vm->irq.resamplers, resample)
	{
		if (irq_gsi_to_intid(vm, each->gsi) == intid) {
			vgic_inject(&vm->irq.vgic, 0, intid, false, false);
			break;
		}
	}
	list_for_each_entry_rcu(each, &vm->irq.resamplers, resample)
	{
		if (irq_gsi_to_intid(vm, each->gsi) == intid) {
			eventfd_signal(each->resamplefd);
		}
	}
	rcu_read_unlock();
}

void irq_fds_release(struct kvm_vm *vm)
{
	struct irqfd *each, *next;

	spin_lock_irq(&vm->irq.irqfds_lock);
	list_for_each_entry_safe(each, next, &vm->irq.irqfds, list)
	{
		take_off(each);
	}
	spin_unlock_irq(&vm->irq.irqfds_lock);
	flush_workqueue(shutdown_queue);
}

int irq_fd_module_init(void)
{
	shutdown_queue = alloc_workqueue("terrarium-irqfd", WQ_PERCPU, 0);
	return shutdown_queue == NULL ? -ENOMEM : 0;
}

void irq_fd_module_exit(void)
{
	destroy_workqueue(shutdown_queue);
}
