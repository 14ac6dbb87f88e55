/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of the instructions that EL2 executed: inject_format.h says what the file is. */
#include "qemu-plugins/inject.h"

#include <errno.h>
#include <string.h>

#include "qemu-plugins/inject_format.h"

/* A vCPU's last instruction waits for its access. */
static struct {
	FILE *file;
	uint64_t count;
	struct inject_record last[INJECT_VCPUS_MAX];
	bool has_last[INJECT_VCPUS_MAX];
	bool first[INJECT_VCPUS_MAX]; /* of a visit */
} record;                             /* @file, @count: inject.lock */

static void write_header(void)
{
	struct inject_record_header header = {
		.magic = INJECT_RECORD_MAGIC,
		.version = INJECT_RECORD_VERSION,
		.record_bytes = sizeof(struct inject_record),
		.first = 1,
		.count = record.count,
	};

	if (fseek(record.file, 0, SEEK_SET) != 0) {
		return;
	}
	fwrite(&header, sizeof(header), 1, record.file);
}

const char *inject_record_open(const char *path)
{
	record.file = fopen(path, "wb");
	if (record.file == NULL) {
		return strerror(errno);
	}
	setvbuf(record.file, NULL, _IOFBF, 1 << 20);
	write_header();
	return NULL;
}

bool inject_record_is_on(void)
{
	return record.file != NULL;
}

static void flush_last(unsigned int vcpu)
{
	if (record.has_last[vcpu]) {
		fwrite(&record.last[vcpu], sizeof(record.last[vcpu]), 1, record.file);
		record.count++;
		record.has_last[vcpu] = false;
	}
}

void inject_record_insn(unsigned int vcpu, void *userdata)
{
	const struct inject_site *site = userdata;

	g_mutex_lock(&inject.lock);
	if (record.file != NULL) {
		flush_last(vcpu);
		record.last[vcpu] = (struct inject_record){
			.pc = site->vaddr,
			.opcode = site->word,
			.flags = vcpu << INJECT_RECORD_VCPU_SHIFT |
				 (record.first[vcpu] ? INJECT_RECORD_FIRST : 0),
		};
		record.has_last[vcpu] = true;
		record.first[vcpu] = false;
	}
	g_mutex_unlock(&inject.lock);
}

void inject_record_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			  void *userdata)
{
	struct inject_record *last = &record.last[vcpu];
	(void)userdata;

	if ((last->flags & (INJECT_RECORD_LOAD | INJECT_RECORD_STORE)) == 0) {
		last->vaddr = vaddr;
	}
	last->flags |= qemu_plugin_mem_is_store(info) ? INJECT_RECORD_STORE : INJECT_RECORD_LOAD;
}

void inject_record_visit(unsigned int vcpu)
{
	record.first[vcpu] = true;
}

/* Needs inject.lock. */
void inject_record_close(void)
{
	unsigned int vcpu;

	if (record.file == NULL) {
		return;
	}
	for (vcpu = 0; vcpu < INJECT_VCPUS_MAX; vcpu++) {
		flush_last(vcpu);
	}
	write_header();
	if (fclose(record.file) != 0) {
		plugin_say("inject", "the record could not be written: %s", strerror(errno));
	}
	record.file = NULL;
}
