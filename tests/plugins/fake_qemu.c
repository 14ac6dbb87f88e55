/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/plugins/fake_qemu.h"

#include <fcntl.h>
#include <setjmp.h>
#include <string.h>

#define REGISTERS_MAX 160
#define VCPUS_MAX 4

struct qemu_plugin_register {
	char name[24];
	uint64_t value;
};

struct qemu_plugin_scoreboard {
	uint8_t *elements[VCPUS_MAX];
};

struct fake_callbacks fake_callbacks;
int fake_disk_error;
char fake_log[256];

static struct qemu_plugin_register registers[REGISTERS_MAX];
static size_t registers_count;
static struct qemu_plugin_scoreboard scoreboard;

uint64_t fake_offset;
uint64_t fake_limit;
uint64_t fake_ram_end;

#define PAGE_BYTES UINT64_C(0x1000)

struct qemu_plugin_hwaddr {
	uint64_t physical;
};

static GHashTable *pages; /* physical page number -> PAGE_BYTES */
static jmp_buf jump;
static uint64_t jump_target;
static struct {
	qemu_plugin_mem_value value;
	struct qemu_plugin_hwaddr hwaddr;
	bool is_store;
} access;

int __real_posix_fallocate(int fd, off_t offset, off_t length);
int __wrap_posix_fallocate(int fd, off_t offset, off_t length);

int __wrap_posix_fallocate(int fd, off_t offset, off_t length)
{
	return fake_disk_error != 0 ? fake_disk_error : __real_posix_fallocate(fd, offset, length);
}

qemu_info_t fake_machine(int vcpus)
{
	return (qemu_info_t){
		.target_name = "aarch64",
		.version = { 7, 7 },
		.system_emulation = true,
		.system = { vcpus, vcpus },
	};
}

void fake_reset(void)
{
	memset(registers, 0, sizeof(registers));
	for (size_t i = 0; i < VCPUS_MAX; i++) {
		g_clear_pointer(&scoreboard.elements[i], g_free);
	}
	memset(&fake_callbacks, 0, sizeof(fake_callbacks));
	registers_count = 0;
	fake_disk_error = 0;
	fake_log[0] = '\0';
	fake_offset = 0;
	fake_limit = 0;
	fake_ram_end = 0;
	g_clear_pointer(&pages, g_hash_table_destroy);
}

static uint8_t *byte_at(uint64_t address)
{
	uint64_t page = address / PAGE_BYTES;
	uint8_t *bytes;

	if (pages == NULL) {
		pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	}
	bytes = g_hash_table_lookup(pages, &page);
	if (bytes == NULL) {
		bytes = g_malloc0(PAGE_BYTES);
		g_hash_table_insert(pages, g_memdup2(&page, sizeof(page)), bytes);
	}
	return bytes + address % PAGE_BYTES;
}

uint64_t fake_load(uint64_t address)
{
	uint64_t value;

	memcpy(&value, byte_at(address), sizeof(value));
	return value;
}

void fake_store(uint64_t address, uint64_t value)
{
	memcpy(byte_at(address), &value, sizeof(value));
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

uint64_t fake_get(const char *name)
{
	size_t i;

	for (i = 0; i < registers_count; i++) {
		if (strcmp(registers[i].name, name) == 0) {
			return registers[i].value;
		}
	}
	g_error("there is no register %s", name);
}

static bool holds(const struct fake_op *op, unsigned int vcpu)
{
	uint64_t value = 0;

	if (op->cond > QEMU_PLUGIN_COND_ALWAYS) {
		value = *(uint64_t *)(scoreboard.elements[vcpu] + op->entry.offset);
	}
	switch (op->cond) {
	case QEMU_PLUGIN_COND_NEVER:
		return false;
	case QEMU_PLUGIN_COND_ALWAYS:
		return true;
	case QEMU_PLUGIN_COND_EQ:
		return value == op->imm;
	case QEMU_PLUGIN_COND_NE:
		return value != op->imm;
	case QEMU_PLUGIN_COND_LT:
		return value < op->imm;
	case QEMU_PLUGIN_COND_LE:
		return value <= op->imm;
	case QEMU_PLUGIN_COND_GT:
		return value > op->imm;
	case QEMU_PLUGIN_COND_GE:
		return value >= op->imm;
	}
	return false;
}

static void run(const struct fake_op *ops, size_t count, unsigned int vcpu)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct fake_op *op = &ops[i];
		uint64_t *field;

		if (op->memory != NULL) {
			continue;
		}
		if (op->callback == NULL) {
			field = (uint64_t *)(scoreboard.elements[vcpu] + op->entry.offset);
			*field = op->imm + (op->op == QEMU_PLUGIN_INLINE_ADD_U64 ? *field : 0);
		} else if (holds(op, vcpu)) {
			op->callback(vcpu, op->userdata);
		}
	}
}

uint64_t fake_execute(const struct qemu_plugin_tb *tb, unsigned int vcpu, size_t from, size_t to)
{
	volatile size_t i;

	if (setjmp(jump) != 0) {
		return jump_target;
	}
	if (from == 0) {
		run(tb->ops, tb->ops_count, vcpu);
	}
	for (i = from; i < to; i++) {
		run(tb->insns[i].ops, tb->insns[i].ops_count, vcpu);
	}
	return 0;
}

void fake_access(const struct qemu_plugin_tb *tb, unsigned int vcpu, size_t index, uint64_t vaddr,
		 bool is_store, uint64_t value)
{
	const struct qemu_plugin_insn *insn = &tb->insns[index];
	enum qemu_plugin_mem_rw rw = is_store ? QEMU_PLUGIN_MEM_W : QEMU_PLUGIN_MEM_R;
	size_t i;

	access.value.type = QEMU_PLUGIN_MEM_VALUE_U64;
	access.value.data.u64 = value;
	access.hwaddr.physical = vaddr - fake_offset;
	access.is_store = is_store;
	if (is_store) {
		fake_store(access.hwaddr.physical, value);
	}
	for (i = 0; i < insn->ops_count; i++) {
		const struct fake_op *op = &insn->ops[i];

		if (op->memory != NULL && (op->rw & rw) != 0) {
			op->memory(vcpu, 0, vaddr, op->userdata);
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

void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
				       void *userdata)
{
	(void)id;
	(void)userdata;
	fake_callbacks.idle = cb;
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

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
	return insn->vaddr;
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags, void *userdata)
{
	*new_op(insn) = (struct fake_op){
		.callback = cb,
		.cond = QEMU_PLUGIN_COND_ALWAYS,
		.flags = flags,
		.userdata = userdata,
	};
}

void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn,
						 qemu_plugin_vcpu_udata_cb_t cb,
						 enum qemu_plugin_cb_flags flags,
						 enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
						 uint64_t imm, void *userdata)
{
	*new_op(insn) = (struct fake_op){
		.callback = cb,
		.cond = cond,
		.flags = flags,
		.userdata = userdata,
		.entry = entry,
		.imm = imm,
	};
}

void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 qemu_plugin_u64 entry, uint64_t imm)
{
	*new_op(insn) = (struct fake_op){ .op = op, .entry = entry, .imm = imm };
}

static struct fake_op *new_block_op(struct qemu_plugin_tb *tb)
{
	g_assert_cmpuint(tb->ops_count, <, FAKE_OPS_MAX);
	return &tb->ops[tb->ops_count++];
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
					  enum qemu_plugin_cb_flags flags, void *userdata)
{
	*new_block_op(tb) = (struct fake_op){
		.callback = cb,
		.cond = QEMU_PLUGIN_COND_ALWAYS,
		.flags = flags,
		.userdata = userdata,
	};
}

void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb,
					       qemu_plugin_vcpu_udata_cb_t cb,
					       enum qemu_plugin_cb_flags flags,
					       enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
					       uint64_t imm, void *userdata)
{
	*new_block_op(tb) = (struct fake_op){
		.callback = cb,
		.cond = cond,
		.flags = flags,
		.userdata = userdata,
		.entry = entry,
		.imm = imm,
	};
}

void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
						       enum qemu_plugin_op op,
						       qemu_plugin_u64 entry, uint64_t imm)
{
	*new_block_op(tb) = (struct fake_op){ .op = op, .entry = entry, .imm = imm };
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
				      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
				      void *userdata)
{
	*new_op(insn) = (struct fake_op){
		.memory = cb,
		.rw = rw,
		.flags = flags,
		.userdata = userdata,
	};
}

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info)
{
	(void)info;
	return 3;
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info)
{
	(void)info;
	return access.is_store;
}

qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info)
{
	(void)info;
	return access.value;
}

struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr)
{
	(void)info;
	(void)vaddr;
	return &access.hwaddr;
}

bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr)
{
	return haddr->physical < UINT64_C(0x40000000); /* as QEMU's virt */
}

uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr)
{
	return haddr->physical;
}

const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *haddr)
{
	return qemu_plugin_hwaddr_is_io(haddr) ? "device" : "RAM";
}

enum qemu_plugin_hwaddr_operation_result
qemu_plugin_read_memory_hwaddr(uint64_t addr, GByteArray *data, size_t len)
{
	size_t i;

	if (fake_ram_end != 0 && addr + len > fake_ram_end) {
		return QEMU_PLUGIN_HWADDR_OPERATION_ERROR;
	}
	g_byte_array_set_size(data, (guint)len);
	for (i = 0; i < len; i++) {
		data->data[i] = *byte_at(addr + i);
	}
	return QEMU_PLUGIN_HWADDR_OPERATION_OK;
}

enum qemu_plugin_hwaddr_operation_result qemu_plugin_write_memory_hwaddr(uint64_t addr,
									 GByteArray *data)
{
	guint i;

	for (i = 0; i < data->len; i++) {
		*byte_at(addr + i) = data->data[i];
	}
	return QEMU_PLUGIN_HWADDR_OPERATION_OK;
}

bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr)
{
	*hwaddr = vaddr - fake_offset;
	return fake_limit == 0 || vaddr < fake_limit;
}

bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len)
{
	uint64_t physical;

	return qemu_plugin_translate_vaddr(addr, &physical) &&
	       qemu_plugin_read_memory_hwaddr(physical, data, len) ==
		       QEMU_PLUGIN_HWADDR_OPERATION_OK;
}

bool qemu_plugin_write_memory_vaddr(uint64_t addr, GByteArray *data)
{
	uint64_t physical;

	return qemu_plugin_translate_vaddr(addr, &physical) &&
	       qemu_plugin_write_memory_hwaddr(physical, data) == QEMU_PLUGIN_HWADDR_OPERATION_OK;
}

void qemu_plugin_outs(const char *string)
{
	g_strlcat(fake_log, string, sizeof(fake_log));
}

void qemu_plugin_set_pc(uint64_t vaddr)
{
	jump_target = vaddr;
	longjmp(jump, 1);
}

bool qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf)
{
	/* As QEMU: system registers cannot be written. */
	if (strchr(handle->name, '_') != NULL) {
		return false;
	}
	handle->value = 0;
	memcpy(&handle->value, buf->data, MIN(buf->len, sizeof(handle->value)));
	return true;
}

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size)
{
	for (size_t i = 0; i < VCPUS_MAX; i++) {
		g_assert_null(scoreboard.elements[i]);
		scoreboard.elements[i] = g_malloc0(element_size);
	}
	return &scoreboard;
}

void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index)
{
	return score->elements[vcpu_index];
}

static uint64_t *field_of(qemu_plugin_u64 entry, unsigned int vcpu_index)
{
	return (uint64_t *)(entry.score->elements[vcpu_index] + entry.offset);
}

uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index)
{
	return *field_of(entry, vcpu_index);
}

void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val)
{
	*field_of(entry, vcpu_index) = val;
}

void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added)
{
	*field_of(entry, vcpu_index) += added;
}

uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < VCPUS_MAX; i++) {
		sum += *field_of(entry, i);
	}
	return sum;
}

GArray *qemu_plugin_get_registers(void)
{
	GArray *all = g_array_new(FALSE, TRUE, sizeof(qemu_plugin_reg_descriptor));
	size_t i;

	for (i = 0; i < registers_count; i++) {
		qemu_plugin_reg_descriptor one = {
			.handle = &registers[i],
			.name = registers[i].name,
			.feature = g_ascii_isupper(registers[i].name[0]) ?
					   "org.qemu.gdb.arm.sys.regs" :
					   "org.gnu.gdb.aarch64.core",
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
