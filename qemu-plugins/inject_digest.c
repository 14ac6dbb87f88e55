/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a visit of EL2 did, as a number: its stores, its accesses to devices, its
 * instructions with effects of their own (registers that cannot be read back,
 * TLB, calls), how many instructions it took, and all registers at its end. Two
 * runs that were equal before a visit, and whose visits have equal digests, are
 * equal after it. One vCPU.
 */
#include "qemu-plugins/inject.h"

#include <errno.h>
#include <string.h>

#include "qemu-plugins/inject_format.h"

#define SEED UINT64_C(0x243f6a8885a308d3)
#define FACTOR UINT64_C(0x9e3779b97f4a7c15)
#define CRN_GIC 12   /* S3_*_C12: the GIC's CPU interface has effects on reading, too */
#define CRN_RANDOM 2 /* S3_3_C2_C4: RNDR moves a generator on */

static struct {
	FILE *out;
	uint64_t *golden;
	uint64_t golden_count;
	uint64_t count; /* returns so far */
	uint64_t hash;
	uint64_t el2_at_entry;
	bool entered; /* the visit was seen from its beginning */
	bool shot;    /* a fault was made in it */
	bool comparable;
	GArray *registers; /* handles of all that can be read, but pc */
} digest = { .comparable = true };

static void mix(uint64_t value)
{
	digest.hash = (digest.hash ^ value) * FACTOR;
	digest.hash ^= digest.hash >> 29;
}

static const char *read_golden(const char *path)
{
	struct inject_digest_header header;
	g_autofree char *data = NULL;
	gsize length;

	if (!g_file_get_contents(path, &data, &length, NULL)) {
		return "the file of golden= cannot be read";
	}
	if (length < sizeof(header)) {
		return "the file of golden= is cut short";
	}
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.magic, INJECT_DIGEST_MAGIC, sizeof(header.magic)) != 0 ||
	    header.version != INJECT_DIGEST_VERSION) {
		return "the file of golden= is none that digests= of this version wrote";
	}
	digest.golden_count = (length - sizeof(header)) / sizeof(uint64_t);
	digest.golden = g_memdup2(data + sizeof(header), length - sizeof(header));
	return NULL;
}

const char *inject_digest_open(const char *write_path, const char *golden_path)
{
	struct inject_digest_header header = {
		.magic = INJECT_DIGEST_MAGIC,
		.version = INJECT_DIGEST_VERSION,
	};

	if (golden_path != NULL) {
		return read_golden(golden_path);
	}
	digest.out = fopen(write_path, "wb");
	if (digest.out == NULL) {
		return strerror(errno);
	}
	fwrite(&header, sizeof(header), 1, digest.out);
	return NULL;
}

bool inject_digest_is_on(void)
{
	return digest.out != NULL || digest.golden != NULL;
}

bool inject_digest_has_effect(const struct a64 *insn)
{
	bool moves_on = A64_KEY_CRN(insn->key) == CRN_GIC ||
			(A64_KEY_CRN(insn->key) == CRN_RANDOM && A64_KEY_CRM(insn->key) == 4);

	return insn->kind == A64_HVC || insn->kind == A64_SMC || insn->kind == A64_MSR ||
	       insn->kind == A64_SYS || insn->kind == A64_TLBI || insn->kind == A64_DC_ZERO ||
	       insn->kind == A64_MOPS || (insn->kind == A64_MRS && moves_on);
}

void inject_digest_effect(unsigned int vcpu, void *userdata)
{
	const struct inject_site *site = userdata;
	unsigned int i;
	(void)vcpu;

	mix(site->word);
	mix(regs_read_x(&inject.regs, site->insn.rt));
	if (site->insn.kind == A64_SMC || site->insn.kind == A64_HVC) {
		for (i = 0; i < 8; i++) {
			mix(regs_read_x(&inject.regs, i));
		}
	}
	if (site->insn.kind == A64_MOPS) {
		mix(regs_read_x(&inject.regs, site->insn.rn));
		mix(regs_read_x(&inject.regs, site->insn.rm));
	}
}

static void mix_value(qemu_plugin_mem_value value)
{
	switch (value.type) {
	case QEMU_PLUGIN_MEM_VALUE_U8:
		mix(value.data.u8);
		break;
	case QEMU_PLUGIN_MEM_VALUE_U16:
		mix(value.data.u16);
		break;
	case QEMU_PLUGIN_MEM_VALUE_U32:
		mix(value.data.u32);
		break;
	case QEMU_PLUGIN_MEM_VALUE_U64:
		mix(value.data.u64);
		break;
	case QEMU_PLUGIN_MEM_VALUE_U128:
		mix(value.data.u128.low);
		mix(value.data.u128.high);
		break;
	}
}

void inject_digest_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			  void *userdata)
{
	struct qemu_plugin_hwaddr *hwaddr = qemu_plugin_get_hwaddr(info, vaddr);
	bool store = qemu_plugin_mem_is_store(info);
	(void)vcpu;
	(void)userdata;

	if (!digest.comparable) {
		return;
	}
	if (!store && (hwaddr == NULL || !qemu_plugin_hwaddr_is_io(hwaddr))) {
		return;
	}
	mix(hwaddr != NULL ? qemu_plugin_hwaddr_phys_addr(hwaddr) : vaddr);
	mix((uint64_t)info);
	mix_value(qemu_plugin_mem_get_value(info));
}

void inject_digest_entered(void)
{
	digest.hash = SEED;
	digest.el2_at_entry = inject_el2_insns();
	digest.entered = true;
	digest.shot = false;
}

static void find_registers(void)
{
	g_autoptr(GArray) all = qemu_plugin_get_registers();
	unsigned int i;

	digest.registers = g_array_new(FALSE, FALSE, sizeof(struct qemu_plugin_register *));
	for (i = 0; i < all->len; i++) {
		qemu_plugin_reg_descriptor *one =
			&g_array_index(all, qemu_plugin_reg_descriptor, i);

		if (strcmp(one->name, "pc") != 0) {
			g_array_append_val(digest.registers, one->handle);
		}
	}
}

static void mix_registers(void)
{
	static GByteArray *buffer;
	unsigned int i;
	guint at;

	if (buffer == NULL) {
		buffer = g_byte_array_new();
	}
	if (digest.registers == NULL) {
		find_registers();
	}
	for (i = 0; i < digest.registers->len; i++) {
		g_byte_array_set_size(buffer, 0);
		qemu_plugin_read_register(
			g_array_index(digest.registers, struct qemu_plugin_register *, i), buffer);
		for (at = 0; at < buffer->len; at += sizeof(uint64_t)) {
			uint64_t word = 0;

			memcpy(&word, buffer->data + at, MIN(sizeof(word), buffer->len - at));
			mix(word);
		}
	}
}

uint64_t inject_digest_registers(void)
{
	uint64_t kept = digest.hash;
	uint64_t result;

	digest.hash = SEED;
	mix_registers();
	result = digest.hash;
	digest.hash = kept;
	return result;
}

void inject_digest_returns(void)
{
	uint64_t index = digest.count++;
	bool compares = digest.golden != NULL && digest.shot && digest.comparable;

	if (digest.out == NULL && !compares) {
		return;
	}
	mix(inject_el2_insns() - digest.el2_at_entry);
	mix_registers();
	if (digest.out != NULL) {
		fwrite(&digest.hash, sizeof(digest.hash), 1, digest.out);
	} else if (index >= digest.golden_count || digest.golden[index] != digest.hash) {
		/* Below EL2 nothing is compared: from here on equality cannot be seen. */
		digest.comparable = false;
	} else if (inject_watch_done()) {
		inject_end("equal", PLUGIN_EXIT_SAME,
			   "at return %llu from EL2 the machine is as without the fault",
			   (unsigned long long)index + 1);
	}
}

void inject_digest_shot(bool comparable)
{
	digest.shot = true;
	digest.comparable = digest.comparable && comparable && digest.entered;
}

void inject_digest_close(void)
{
	if (digest.out != NULL && fclose(digest.out) != 0) {
		plugin_say("inject", "the digests could not be written: %s", strerror(errno));
	}
	digest.out = NULL;
}
