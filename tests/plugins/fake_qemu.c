/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/plugins/fake_qemu.h"

#include <fcntl.h>
#include <string.h>

#define REGISTERS_MAX 64
#define VCPUS_MAX 4
#define SCOREBOARDS_MAX 4

struct qemu_plugin_register {
	char name[24];
	uint64_t value;
};

struct qemu_plugin_scoreboard {
	uint8_t *elements[VCPUS_MAX];
};

struct fake_callbacks fake_callbacks;
int fake_disk_error;
uint64_t fake_va_bits;
uint64_t fake_unmapped = UINT64_MAX;

static struct qemu_plugin_register registers[REGISTERS_MAX];
static size_t registers_count;
static struct qemu_plugin_scoreboard scoreboards[SCOREBOARDS_MAX];
static size_t scoreboards_count;

int __real_posix_fallocate(int fd, off_t offset, off_t length);
int __wrap_posix_fallocate(int fd, off_t offset, off_t length);

int __wrap_posix_fallocate(int fd, off_t offset, off_t length)
{
	return fake_disk_error != 0 ? fake_disk_error : __real_posix_fallocate(fd, offset, length);
}

void fake_reset(void)
{
	memset(registers, 0, sizeof(registers));
	while (scoreboards_count > 0) {
		struct qemu_plugin_scoreboard *last = &scoreboards[--scoreboards_count];
		size_t i;

		for (i = 0; i < VCPUS_MAX; i++) {
			g_free(last->elements[i]);
		}
	}
	memset(&fake_callbacks, 0, sizeof(fake_callbacks));
	registers_count = 0;
	fake_disk_error = 0;
	fake_va_bits = 0;
	fake_unmapped = UINT64_MAX;
}

void fake_set(const char *name, uint64_t value)
{
	size_t i;

	for (i = 0; i < registers_count; i++) {
		if (strcmp(registers[i].name, name) == 0) {
			registers[i].value = value;
			return;
		}
	}
	g_assert_cmpuint(registers_count, <, REGISTERS_MAX);
	g_strlcpy(registers[registers_count].name, name, sizeof(registers[0].name));
	registers[registers_count++].value = value;
}

void fake_translate(struct qemu_plugin_tb *tb, uint64_t address, const uint32_t *words,
		    size_t count)
{
	size_t i;

	memset(tb, 0, sizeof(*tb));
	tb->count = count;
	for (i = 0; i < count; i++) {
		tb->insns[i].vaddr = address + 4 * i;
		tb->insns[i].word = words[i];
	}
	fake_callbacks.translate(tb, NULL);
}

void fake_execute(const struct qemu_plugin_tb *tb, unsigned int vcpu, size_t from, size_t to)
{
	size_t i;
	size_t j;

	for (i = from; i < to; i++) {
		for (j = 0; j < tb->insns[i].ops_count; j++) {
			const struct fake_op *op = &tb->insns[i].ops[j];

			if (op->callback != NULL) {
				op->callback(vcpu, op->userdata);
			} else {
				uint8_t *element = op->entry.score->elements[vcpu];

				*(uint64_t *)(element + op->entry.offset) += op->imm;
			}
		}
	}
}

static struct fake_op *new_op(struct qemu_plugin_insn *insn)
{
	g_assert_cmpuint(insn->ops_count, <, FAKE_OPS_MAX);
	return &insn->ops[insn->ops_count++];
}

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
				       void *userdata)
{
	(void)id;
	(void)userdata;
	fake_callbacks.init = cb;
}

void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
					 void *userdata)
{
	(void)id;
	(void)userdata;
	fake_callbacks.resume = cb;
}

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb,
					   void *userdata)
{
	(void)id;
	(void)userdata;
	fake_callbacks.translate = cb;
}

void qemu_plugin_register_vcpu_discon_cb(qemu_plugin_id_t id, enum qemu_plugin_discon_type type,
					 qemu_plugin_vcpu_discon_cb_t cb, void *userdata)
{
	(void)id;
	(void)type;
	(void)userdata;
	fake_callbacks.discontinuity = cb;
}

void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata)
{
	(void)id;
	(void)userdata;
	fake_callbacks.exit = cb;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	return tb->count;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
	return tb->insns[0].vaddr;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index)
{
	return (struct qemu_plugin_insn *)&tb->insns[index];
}

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t size)
{
	memcpy(dest, &insn->word, MIN(size, sizeof(insn->word)));
	return MIN(size, sizeof(insn->word));
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags, void *userdata)
{
	struct fake_op *op = new_op(insn);
	(void)flags;

	op->callback = cb;
	op->userdata = userdata;
}

void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 qemu_plugin_u64 entry, uint64_t imm)
{
	struct fake_op *planted = new_op(insn);

	g_assert_cmpint(op, ==, QEMU_PLUGIN_INLINE_ADD_U64);
	planted->entry = entry;
	planted->imm = imm;
}

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size)
{
	struct qemu_plugin_scoreboard *made = &scoreboards[scoreboards_count++];
	size_t i;

	g_assert_cmpuint(scoreboards_count, <=, SCOREBOARDS_MAX);
	for (i = 0; i < VCPUS_MAX; i++) {
		made->elements[i] = g_malloc0(element_size);
	}
	return made;
}

void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index)
{
	return score->elements[vcpu_index];
}

GArray *qemu_plugin_get_registers(void)
{
	GArray *all = g_array_new(FALSE, TRUE, sizeof(qemu_plugin_reg_descriptor));
	size_t i;

	for (i = 0; i < registers_count; i++) {
		qemu_plugin_reg_descriptor one = {
			.handle = &registers[i],
			.name = registers[i].name,
		};

		g_array_append_val(all, one);
	}
	return all;
}

bool qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf)
{
	/* cpsr has 4 bytes in QEMU, too. */
	guint bytes = strcmp(handle->name, "cpsr") == 0 ? 4 : 8;

	g_byte_array_append(buf, (const guint8 *)&handle->value, bytes);
	return true;
}

bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr)
{
	*hwaddr = vaddr ^ fake_va_bits;
	return vaddr != fake_unmapped;
}
