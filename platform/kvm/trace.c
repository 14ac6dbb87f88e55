/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/terrarium-trace: the hypervisor's trace ring (platform/abi/hyp_trace.h) as text.
 *
 * Write: which events are recorded from now on: names or numbers of a mask, apart by spaces
 * or commas; "all"; "none". Read: a line for each event, oldest first, until there are no
 * more; then "lost=" and how many were overwritten before. One reader at a time (EBUSY), and
 * nothing is recorded while there is one: its own calls would be.
 */
#include <linux/arm-smccc.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "platform/abi/hyp_trace.h"
#include "platform/kvm/module.h"

#define CPUS_MAX 8
#define LINE_MAX 160
#define WRITE_MAX 256
#define ALL_EVENTS ((1ULL << HYP_TRACE_COUNT) - 1)

struct event {
	u64 word[HYP_TRACE_WORDS];
};

/* What was taken from a CPU's ring and not shown yet. */
struct ahead {
	struct event events[HYP_TRACE_READ_MAX];
	unsigned int next, count;
	u64 lost;
	bool empty;
};

struct reader {
	struct ahead cpus[CPUS_MAX];
	bool told_lost;
	char line[LINE_MAX]; /* that is being shown */
	size_t at, length;
};

struct description {
	const char *name, *first, *second;
};

#define DESCRIPTION(number, event_name, one, two) \
	[number] = { .name = #event_name, .first = #one, .second = #two },
static const struct description descriptions[HYP_TRACE_COUNT] = { HYP_TRACE_EVENTS(DESCRIPTION) };

static DEFINE_MUTEX(trace_lock);
static bool has_reader; /* lock: trace_lock */
static u64 wanted;      /* lock: trace_lock; what is recorded while there is no reader */

static int set_mask(u64 mask)
{
	return hyp_errno(hyp_call(HYP_CALL_TRACE_SET, mask, 0, 0, 0, 0, NULL));
}

static void take(struct ahead *ahead, u64 cpu)
{
	struct arm_smccc_1_2_regs regs = { .a0 = HYP_CALL_TRACE_READ, .a1 = cpu };

	arm_smccc_1_2_hvc(&regs, &regs);
	ahead->next = 0;
	ahead->count = (long)regs.a0 == HYP_OK ? min_t(u64, regs.a1, HYP_TRACE_READ_MAX) : 0;
	ahead->empty = ahead->count == 0;
	ahead->lost = (long)regs.a0 == HYP_OK ? regs.a2 : 0;
	memcpy(ahead->events, &regs.a3, sizeof(ahead->events));
}

/* The oldest event of all CPUs; false: there is none. */
static bool oldest(struct reader *reader, struct event *event)
{
	struct ahead *found = NULL;

	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
		struct ahead *ahead = &reader->cpus[cpu];

		if (ahead->next == ahead->count && !ahead->empty) {
			take(ahead, cpu);
		}
		if (ahead->next < ahead->count &&
		    (!found ||
		     ahead->events[ahead->next].word[0] < found->events[found->next].word[0])) {
			found = ahead;
		}
	}
	if (found) {
		*event = found->events[found->next++];
	}
	return found;
}

static void show(struct reader *reader, const struct event *event)
{
	static const struct description unknown = { .name = "?", .first = "_", .second = "_" };
	u64 who = event->word[1];
	u8 number = who;
	const struct description *d = number < HYP_TRACE_COUNT ? &descriptions[number] : &unknown;
	size_t at = scnprintf(reader->line, LINE_MAX, "time=%llu cpu=%u vm=%u vcpu=%u %s",
			      event->word[0], (u8)(who >> 8), (u16)(who >> 16), (u8)(who >> 32),
			      d->name);

	if (strcmp(d->first, "_") != 0) {
		at += scnprintf(reader->line + at, LINE_MAX - at, " %s=%#llx", d->first,
				event->word[2]);
	}
	if (strcmp(d->second, "_") != 0) {
		at += scnprintf(reader->line + at, LINE_MAX - at, " %s=%#llx", d->second,
				event->word[3]);
	}
	reader->length = at + scnprintf(reader->line + at, LINE_MAX - at, "\n");
	reader->at = 0;
}

/* The next line; false: that was all. */
static bool next_line(struct reader *reader)
{
	struct event event;
	u64 lost = 0;

	if (oldest(reader, &event)) {
		show(reader, &event);
		return true;
	}
	if (reader->told_lost) {
		return false;
	}
	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
		lost += reader->cpus[cpu].lost;
	}
	reader->told_lost = true;
	reader->length = scnprintf(reader->line, LINE_MAX, "lost=%llu\n", lost);
	reader->at = 0;
	return true;
}

static int trace_open(struct inode *inode, struct file *file)
{
	int error = 0;

	file->private_data = NULL;
	if (!(file->f_mode & FMODE_READ)) {
		return 0;
	}
	mutex_lock(&trace_lock);
	if (has_reader) {
		error = -EBUSY;
	} else {
		file->private_data = kzalloc(sizeof(struct reader), GFP_KERNEL);
		error = file->private_data ? set_mask(0) : -ENOMEM;
		has_reader = !error;
		if (error) {
			kfree(file->private_data);
		}
	}
	mutex_unlock(&trace_lock);
	return error;
}

static int trace_release(struct inode *inode, struct file *file)
{
	if (file->private_data) {
		mutex_lock(&trace_lock);
		has_reader = false;
		set_mask(wanted);
		mutex_unlock(&trace_lock);
		kfree(file->private_data);
	}
	return 0;
}

static ssize_t trace_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	struct reader *reader = file->private_data;
	size_t done = 0;

	mutex_lock(&trace_lock);
	while (done < size && (reader->at < reader->length || next_line(reader))) {
		size_t bytes = min(size - done, reader->length - reader->at);

		if (copy_to_user(to + done, reader->line + reader->at, bytes)) {
			mutex_unlock(&trace_lock);
			return -EFAULT;
		}
		reader->at += bytes;
		done += bytes;
	}
	mutex_unlock(&trace_lock);
	return done;
}

static int parse_word(const char *word, u64 *mask)
{
	u64 number;

	if (strcmp(word, "none") == 0) {
		return 0;
	}
	if (strcmp(word, "all") == 0) {
		*mask |= ALL_EVENTS;
		return 0;
	}
	for (unsigned int i = 0; i < HYP_TRACE_COUNT; i++) {
		if (strcmp(word, descriptions[i].name) == 0) {
			*mask |= 1ULL << i;
			return 0;
		}
	}
	if (kstrtou64(word, 0, &number) || number & ~ALL_EVENTS) {
		return -EINVAL;
	}
	*mask |= number;
	return 0;
}

static ssize_t trace_write(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	char text[WRITE_MAX];
	char *rest = text, *word;
	u64 mask = 0;
	int error = 0;

	if (size >= sizeof(text)) {
		return -EINVAL;
	}
	if (copy_from_user(text, from, size)) {
		return -EFAULT;
	}
	text[size] = '\0';
	while (!error && (word = strsep(&rest, " ,\t\n"))) {
		error = *word ? parse_word(word, &mask) : 0;
	}
	mutex_lock(&trace_lock);
	if (!error && !has_reader) {
		error = set_mask(mask);
	}
	wanted = error ? wanted : mask;
	mutex_unlock(&trace_lock);
	return error ? error : size;
}

static const struct file_operations trace_operations = {
	.owner = THIS_MODULE,
	.open = trace_open,
	.release = trace_release,
	.read = trace_read,
	.write = trace_write,
	.llseek = noop_llseek,
};

static struct miscdevice trace_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "terrarium-trace",
	.fops = &trace_operations,
	.mode = 0600,
};

int hyp_trace_init(void)
{
	return misc_register(&trace_device);
}

void hyp_trace_exit(void)
{
	misc_deregister(&trace_device);
	set_mask(0);
}
