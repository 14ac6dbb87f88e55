/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/console.h>
#include <hyp/cpu.h>
#include <hyp/layout.h>
#include <hyp/lock.h>
#include <hyp/pool.h>
#include <hyp/trace.h>

#include <stddef.h>
#include <string.h>

#define PAGE_RECORDS (PAGE_BYTES / sizeof(struct record))
#define RING_PAGES 32 /* 4096 events */
#define RING_RECORDS (RING_PAGES * PAGE_RECORDS)

#define TAIL_RECORDS 12 /* of each CPU, in the panic report */

#define VCPU_SHIFT 32
#define VM_SHIFT 16
#define CPU_SHIFT 8
#define EVENT_MASK 0xff

struct record {
	uint64_t word[HYP_TRACE_WORDS]; /* hyp_trace.h */
};

struct ring {
	struct lock lock;
	uint64_t written;                 /* lock: records since boot */
	uint64_t read;                    /* lock: of these, taken by the host or overwritten */
	uint64_t lost;                    /* lock: of these, overwritten */
	struct record *pages[RING_PAGES]; /* constant once a bit of trace_mask was set */
};

#define NAME(number, name, first, second) [HYP_TRACE_##name] = #name,
static const char *const names[HYP_TRACE_COUNT] = { HYP_TRACE_EVENTS(NAME) };

uint64_t trace_mask;

static struct lock set_lock; /* before pool_lock */
static struct ring rings[CPU_MAX];

static struct record *record_at(const struct ring *ring, uint64_t number)
{
	uint64_t slot = number % RING_RECORDS;

	return &ring->pages[slot / PAGE_RECORDS][slot % PAGE_RECORDS];
}

void trace_record(enum hyp_trace_event event, uint32_t vm, uint32_t vcpu, uint64_t first,
		  uint64_t second)
{
	uint32_t cpu = cpu_this();
	struct ring *ring = &rings[cpu];
	uint64_t who = (uint64_t)vcpu << VCPU_SHIFT | vm << VM_SHIFT | cpu << CPU_SHIFT | event;

	__atomic_thread_fence(__ATOMIC_ACQUIRE); /* with trace_set(): the ring has its pages */
	lock_take(&ring->lock);
	*record_at(ring, ring->written) = (struct record){ { cpu_ticks(), who, first, second } };
	ring->written++;
	if (ring->written - ring->read > RING_RECORDS) {
		ring->read++;
		ring->lost++;
	}
	lock_release(&ring->lock);
}

/* The rings keep their memory until the machine ends. */
static bool rings_have_memory(void)
{
	for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
		for (uint32_t i = 0; i < RING_PAGES; i++) {
			struct record **page = &rings[cpu].pages[i];

			*page = *page ? *page : pool_alloc();
			if (!*page) {
				return false;
			}
		}
	}
	return true;
}

enum hyp_status trace_set(struct regs *regs)
{
	enum hyp_status status = HYP_OK;
	uint64_t mask = regs->x[1];

	if (mask >> HYP_TRACE_COUNT) {
		return HYP_EINVAL;
	}
	lock_take(&set_lock);
	if (mask == 0 || rings_have_memory()) {
		regs->x[1] = __atomic_exchange_n(&trace_mask, mask, __ATOMIC_SEQ_CST);
	} else {
		status = HYP_ENOMEM;
	}
	lock_release(&set_lock);
	return status;
}

enum hyp_status trace_read(struct regs *regs)
{
	uint64_t count = 0;
	struct ring *ring;

	if (regs->x[1] >= cpu_count()) {
		return HYP_EINVAL;
	}
	ring = &rings[regs->x[1]];
	lock_take(&ring->lock);
	for (; count < HYP_TRACE_READ_MAX && ring->read < ring->written; count++) {
		memcpy(&regs->x[3 + count * HYP_TRACE_WORDS], record_at(ring, ring->read++),
		       sizeof(struct record));
	}
	regs->x[1] = count;
	regs->x[2] = ring->lost;
	lock_release(&ring->lock);
	return HYP_OK;
}

/* The newest of each CPU, oldest first. */
void trace_print_tail(void)
{
	for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++) {
		const struct ring *ring = &rings[cpu];
		uint64_t count = ring->written < TAIL_RECORDS ? ring->written : TAIL_RECORDS;

		for (; count > 0; count--) {
			const uint64_t *word = record_at(ring, ring->written - count)->word;

			log_line_unlocked("trace %lu cpu %u vm %u vcpu %u %s %#lx %#lx", word[0],
					  cpu, (uint16_t)(word[1] >> VM_SHIFT),
					  (uint8_t)(word[1] >> VCPU_SHIFT),
					  names[word[1] & EVENT_MASK], word[2], word[3]);
		}
	}
}
