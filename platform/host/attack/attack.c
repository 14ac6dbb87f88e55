/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/terrarium-attack: what a compromised host kernel can try against a guest's pages.
 * The interface, and what each call means, is in platform/abi/attack.h.
 */
#include <linux/arm-smccc.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/asm-extable.h>
#include <asm/sysreg.h>
#include <asm/tlbflush.h>

#include "platform/abi/attack.h"

#define HOLD_MAX (4ULL << 30)
#define HOLD_BATCH 128

struct held_page {
	struct page *page; /* one reference of ours */
	bool readable;     /* when it was taken */
};

struct holding {
	struct held_page *pages; /* owned, vmalloc */
	unsigned long count;
};

static struct holding held_pages; /* lock: held_lock */
static DEFINE_MUTEX(held_lock);

/* One word by a load that may be refused. */
static bool word_read(const u64 *place, u64 *word)
{
	u64 value = 0;

	pagefault_disable();
	__get_kernel_nofault(&value, place, u64, refused);
	pagefault_enable();
	*word = value;
	return true;
refused:
	pagefault_enable();
	return false;
}

/* One word by a store that may be refused. */
static bool word_write(u64 *place, u64 word)
{
	pagefault_disable();
	__put_kernel_nofault(place, &word, u64, refused);
	pagefault_enable();
	return true;
refused:
	pagefault_enable();
	return false;
}

static bool pfn_is_kernel_ram(unsigned long pfn)
{
	return pfn_valid(pfn) && pfn_is_map_memory(pfn);
}

static struct mm_struct *mm_of(u32 number)
{
	struct pid *pid = find_get_pid(number);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm = NULL;

	put_pid(pid);
	if (task) {
		mm = get_task_mm(task);
		put_task_struct(task);
	}
	return mm;
}

/* References to the pages that are there from @address on, at most @count; how many (0: the first is not). */
static long pages_get(struct mm_struct *mm, unsigned long address, unsigned long count,
		      struct page **pages)
{
	int locked = 1;
	long got;

	mmap_read_lock(mm);
	got = get_user_pages_remote(mm, address, count, FOLL_NOFAULT, pages, &locked);
	if (locked) {
		mmap_read_unlock(mm);
	}
	return got;
}

static long attack_translate(struct attack_translate *call)
{
	struct mm_struct *mm = mm_of(call->pid);
	struct page *page;
	long got;

	if (!mm) {
		return -ENOENT;
	}
	got = pages_get(mm, call->hva & PAGE_MASK, 1, &page);
	mmput(mm);
	if (got != 1) {
		return -ENOENT;
	}
	call->pfn = page_to_pfn(page);
	put_page(page);
	return 0;
}

/* Move words between the page at @place and @bounce until one is refused. */
static void access_words(struct attack_access *call, u64 *place, u64 *bounce, bool is_write)
{
	for (call->done = 0; call->done < call->size; call->done += sizeof(u64)) {
		bool ok = is_write ? word_write(place, *bounce) : word_read(place, bounce);

		if (!ok) {
			call->result = -EFAULT;
			return;
		}
		place++;
		bounce++;
	}
	call->result = 0;
}

static long access_by_bounce(struct attack_access *call, u64 *bounce, bool is_write)
{
	struct page *page = pfn_to_page(call->pfn);
	void __user *buffer = u64_to_user_ptr(call->buffer);
	void *base = page_address(page);

	if (is_write && copy_from_user(bounce, buffer, call->size)) {
		return -EFAULT;
	}
	if (call->via == ATTACK_VIA_ALIAS) {
		base = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
		if (!base) {
			return -ENOMEM;
		}
	}
	access_words(call, base + call->offset, bounce, is_write);
	if (call->via == ATTACK_VIA_ALIAS) {
		vunmap(base);
	}
	if (!is_write && copy_to_user(buffer, bounce, call->done)) {
		return -EFAULT;
	}
	return 0;
}

/* One word of a device, by a load or store that may be refused. */
static bool device_word(u32 *place, u32 *word, bool is_write)
{
	u32 value = 0;

	pagefault_disable();
	if (is_write) {
		__put_kernel_nofault(place, word, u32, refused);
	} else {
		__get_kernel_nofault(&value, place, u32, refused);
		*word = value;
	}
	pagefault_enable();
	return true;
refused:
	pagefault_enable();
	return false;
}

static long access_device(struct attack_access *call, bool is_write)
{
	void __user *buffer = u64_to_user_ptr(call->buffer);
	void __iomem *base;
	u32 word = 0;
	bool good;

	if (call->size != sizeof(word) || call->offset % sizeof(word) ||
	    call->offset > PAGE_SIZE - sizeof(word) || pfn_is_kernel_ram(call->pfn)) {
		return -EINVAL;
	}
	if (is_write && copy_from_user(&word, buffer, sizeof(word))) {
		return -EFAULT;
	}
	base = ioremap(PFN_PHYS(call->pfn), PAGE_SIZE);
	if (!base) {
		return -ENOMEM;
	}
	good = device_word((u32 __force *)(base + call->offset), &word, is_write);
	iounmap(base);
	call->result = good ? 0 : -EFAULT;
	call->done = good ? sizeof(word) : 0;
	return !is_write && good && copy_to_user(buffer, &word, sizeof(word)) ? -EFAULT : 0;
}

static long attack_access(struct attack_access *call, bool is_write)
{
	u64 *bounce;
	long result;

	if (call->via == ATTACK_VIA_DEVICE) {
		return access_device(call, is_write);
	}
	if (call->via != ATTACK_VIA_LINEAR && call->via != ATTACK_VIA_ALIAS) {
		return -EINVAL;
	}
	if (call->offset % sizeof(u64) || call->size % sizeof(u64) || call->size > PAGE_SIZE ||
	    call->offset > PAGE_SIZE - call->size) {
		return -EINVAL;
	}
	if (!pfn_is_kernel_ram(call->pfn)) {
		return -ENOENT;
	}
	bounce = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!bounce) {
		return -ENOMEM;
	}
	result = access_by_bounce(call, bounce, is_write);
	/* What was read of a guest must not stay behind. */
	kfree_sensitive(bounce);
	return result;
}

static void scan_page(struct attack_scan *call, unsigned long pfn)
{
	const u64 *place = page_address(pfn_to_page(pfn));
	const u64 *end = place + PAGE_SIZE / sizeof(u64);
	u64 word = 0;

	/* Once for the page: this loop sees every word of RAM. */
	pagefault_disable();
	for (; place < end; place++) {
		__get_kernel_nofault(&word, place, u64, refused);
		if (unlikely((word ^ ATTACK_SCAN_KEY) == call->pattern)) {
			if (call->hits < ATTACK_SCAN_HITS) {
				call->place[call->hits] = __pa(place);
			}
			call->hits++;
		}
	}
	pagefault_enable();
	call->read++;
	return;
refused:
	pagefault_enable();
	call->refused++;
}

static long attack_scan(struct attack_scan *call)
{
	unsigned long end = PHYS_PFN(__pa(high_memory - 1)) + 1;

	call->read = 0;
	call->refused = 0;
	call->unmapped = 0;
	call->hits = 0;
	memset(call->place, 0, sizeof(call->place));
	for (unsigned long pfn = 0; pfn < end; pfn++) {
		if (pfn_is_kernel_ram(pfn)) {
			scan_page(call, pfn);
		} else if (pfn_valid(pfn)) {
			call->unmapped++;
		}
		if (fatal_signal_pending(current)) {
			return -EINTR;
		}
		cond_resched();
	}
	return 0;
}

static void holding_drop(struct holding *holding)
{
	for (unsigned long i = 0; i < holding->count; i++) {
		put_page(holding->pages[i].page);
	}
	vfree(holding->pages);
	holding->pages = NULL;
	holding->count = 0;
}

static void hold_page(struct holding *holding, struct page *page, struct attack_hold *call)
{
	struct held_page *held = &holding->pages[holding->count++];
	u64 word;

	held->page = page;
	held->readable = word_read(page_address(page), &word);
	if (held->readable) {
		call->readable++;
	} else {
		call->refused++;
	}
}

static long attack_hold(struct holding *holding, struct attack_hold *call)
{
	unsigned long address = call->hva;
	unsigned long end = call->hva + call->size;
	struct page *batch[HOLD_BATCH];
	struct mm_struct *mm;

	if (!PAGE_ALIGNED(call->hva) || !PAGE_ALIGNED(call->size) || call->size > HOLD_MAX ||
	    end < address) {
		return -EINVAL;
	}
	holding_drop(holding);
	call->readable = 0;
	call->refused = 0;
	mm = mm_of(call->pid);
	if (!mm) {
		return -ENOENT;
	}
	holding->pages = vcalloc(call->size >> PAGE_SHIFT, sizeof(*holding->pages));
	if (!holding->pages && call->size) {
		mmput(mm);
		return -ENOMEM;
	}
	while (address < end) {
		unsigned long want = min((end - address) >> PAGE_SHIFT, (unsigned long)HOLD_BATCH);
		long got = pages_get(mm, address, want, batch);

		for (long i = 0; i < got; i++) {
			hold_page(holding, batch[i], call);
		}
		address += (got > 0 ? got : 1) * PAGE_SIZE;
		cond_resched();
	}
	mmput(mm);
	return 0;
}

static void count_released(struct attack_release *call, const struct held_page *held)
{
	const u64 *place = page_address(held->page);
	u64 any = 0;

	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(u64); i++) {
		u64 word;

		if (!word_read(place + i, &word)) {
			call->refused++;
			return;
		}
		any |= word;
	}
	if (held->readable) {
		*(any ? &call->readable_nonzero : &call->readable_zero) += 1;
	} else {
		*(any ? &call->nonzero : &call->zero) += 1;
	}
}

static long attack_release(struct holding *holding, struct attack_release *call)
{
	memset(call, 0, sizeof(*call));
	for (unsigned long i = 0; i < holding->count; i++) {
		count_released(call, &holding->pages[i]);
	}
	holding_drop(holding);
	return 0;
}

static long attack_call(struct attack_call *call)
{
	struct arm_smccc_res result;

	switch (call->conduit) {
	case ATTACK_CONDUIT_HVC:
		arm_smccc_1_1_hvc(call->x[0], call->x[1], call->x[2], call->x[3], call->x[4],
				  call->x[5], call->x[6], call->x[7], &result);
		break;
	case ATTACK_CONDUIT_SMC:
		arm_smccc_1_1_smc(call->x[0], call->x[1], call->x[2], call->x[3], call->x[4],
				  call->x[5], call->x[6], call->x[7], &result);
		break;
	default:
		return -EINVAL;
	}
	call->x[0] = result.a0;
	call->x[1] = result.a1;
	call->x[2] = result.a2;
	call->x[3] = result.a3;
	return 0;
}

static long attack_walk(struct attack_walk *call)
{
	unsigned long flags;
	u64 ttbr0, par = 0;
	int error = 0;

	if (!pfn_is_kernel_ram(call->pfn)) {
		return -ENOENT;
	}
	local_irq_save(flags);
	ttbr0 = read_sysreg(ttbr0_el1);
	write_sysreg(PFN_PHYS(call->pfn), ttbr0_el1);
	isb();
	local_flush_tlb_all();
	/* clang-format off */
	asm volatile("1: at s1e1r, xzr\n\tisb\n"
		     "2:\n" _ASM_EXTABLE_KACCESS_ERR(1b, 2b, %w0)
		     : "+r"(error));
	/* clang-format on */
	if (!error) {
		par = read_sysreg(par_el1);
	}
	write_sysreg(ttbr0, ttbr0_el1);
	isb();
	local_flush_tlb_all();
	local_irq_restore(flags);
	call->result = error;
	call->par = par;
	return 0;
}

/* clang-format off */
#define MAINTAIN_CASE(name, instruction, el0)                           \
	case ATTACK_MAINTAIN_##name:                                    \
		asm volatile("1: " instruction "%1\n\tdsb sy\n\tisb\n"   \
			     "2:\n" _ASM_EXTABLE_KACCESS_ERR(1b, 2b, %w0) \
			     : "+r"(error) : "r"(address) : "memory");  \
		break;
/* clang-format on */

static long attack_maintain(struct attack_maintain *call)
{
	unsigned long flags;
	void *address;
	int error = 0;

	if (!pfn_is_kernel_ram(call->pfn)) {
		return -ENOENT;
	}
	address = page_address(pfn_to_page(call->pfn));
	call->par = 0;
	local_irq_save(flags);
	switch (call->operation) {
		ATTACK_MAINTENANCE(MAINTAIN_CASE)
	default:
		local_irq_restore(flags);
		return -EINVAL;
	}
	if (call->operation == ATTACK_MAINTAIN_AT_S1E1R && !error) {
		call->par = read_sysreg(par_el1);
	}
	local_irq_restore(flags);
	call->result = error;
	return 0;
}

static long attack_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	union {
		struct attack_translate translate;
		struct attack_access access;
		struct attack_scan scan;
		struct attack_hold hold;
		struct attack_release release;
		struct attack_call call;
		struct attack_walk walk;
		struct attack_maintain maintain;
	} call;
	void __user *user = (void __user *)argument;
	long result;

	if (_IOC_TYPE(command) != _IOC_TYPE(ATTACK_READ) || _IOC_SIZE(command) > sizeof(call)) {
		return -ENOTTY;
	}
	if (copy_from_user(&call, user, _IOC_SIZE(command))) {
		return -EFAULT;
	}
	switch (command) {
	case ATTACK_TRANSLATE:
		result = attack_translate(&call.translate);
		break;
	case ATTACK_READ:
		result = attack_access(&call.access, false);
		break;
	case ATTACK_WRITE:
		result = attack_access(&call.access, true);
		break;
	case ATTACK_SCAN:
		result = attack_scan(&call.scan);
		break;
	case ATTACK_HOLD:
		mutex_lock(&held_lock);
		result = attack_hold(&held_pages, &call.hold);
		mutex_unlock(&held_lock);
		break;
	case ATTACK_RELEASE:
		mutex_lock(&held_lock);
		result = attack_release(&held_pages, &call.release);
		mutex_unlock(&held_lock);
		break;
	case ATTACK_CALL:
		result = attack_call(&call.call);
		break;
	case ATTACK_WALK:
		result = attack_walk(&call.walk);
		break;
	case ATTACK_MAINTAIN:
		result = attack_maintain(&call.maintain);
		break;
	default:
		return -ENOTTY;
	}
	if (!result && copy_to_user(user, &call, _IOC_SIZE(command))) {
		result = -EFAULT;
	}
	return result;
}

/* Any page frame, for the caller to read, write and execute. */
static int attack_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (!(vma->vm_flags & VM_SHARED) || size != PAGE_SIZE ||
	    !pfn_is_kernel_ram(vma->vm_pgoff)) {
		return -EINVAL;
	}
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, size, vma->vm_page_prot);
}

static const struct file_operations attack_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = attack_ioctl,
	.mmap = attack_mmap,
};

static struct miscdevice attack_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "terrarium-attack",
	.fops = &attack_operations,
	.mode = 0600,
};

static int __init attack_start(void)
{
	return misc_register(&attack_device);
}

static void __exit attack_stop(void)
{
	misc_deregister(&attack_device);
	holding_drop(&held_pages);
}

module_init(attack_start);
module_exit(attack_stop);
MODULE_DESCRIPTION("What a compromised host kernel can try against a guest's pages");
MODULE_LICENSE("GPL");
