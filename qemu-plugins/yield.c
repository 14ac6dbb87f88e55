/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The yield plugin: a CPU of the machine that waits in a loop gives its thread's processor away.
 *
 *   -plugin yield.so                                        (help lists options: none)
 *
 * Software that waits for another CPU, for a lock or an answer, says so with YIELD or WFE (Arm ARM
 * DDI 0487, C6.2). QEMU goes on with it at once, in a thread of its own for each CPU. Where there
 * are more threads than processors the waiting one thus uses up its time slice, while that of the
 * CPU that has the lock waits for a processor: a hypercall of 2,000 instructions under pKVM's lock
 * of the host's stage 2 then takes 700,000 more in each of its waits. Here each of these
 * instructions calls sched_yield().
 *
 * Caveats
 * - It changes when CPUs run, as any load of the build machine does; nothing that software can
 *   read, and nothing where one thread has all CPUs (-icount): do not load it there.
 * - WFI is left alone: QEMU has its thread sleep.
 */
#include <sched.h>

#include "qemu-plugins/common/plugin.h"

#define NAME "yield"

int qemu_plugin_version = QEMU_API_VERSION;

/* Arm ARM DDI 0487, C6.2 "YIELD", "WFE", "WFET". */
#define WORD_YIELD 0xd503203fU
#define WORD_WFE 0xd503205fU
#define WORD_WFET 0xd5031000U
#define WFET_RT_MASK 0x1fU

static bool waits_for_another(uint32_t word)
{
	return word == WORD_YIELD || word == WORD_WFE || (word & ~WFET_RT_MASK) == WORD_WFET;
}

static void cpu_waits(unsigned int vcpu, void *userdata)
{
	(void)vcpu;
	(void)userdata;

	sched_yield();
}

static void block_translated(struct qemu_plugin_tb *tb, void *userdata)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	size_t i;
	(void)userdata;

	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t word = 0;

		/* A T32 instruction of two bytes is no such word. */
		if (qemu_plugin_insn_data(insn, &word, sizeof(word)) == sizeof(word) &&
		    waits_for_another(word)) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, cpu_waits,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		}
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const struct plugin plugin = { NAME, NULL, 0, NULL };

	if (!plugin_accepts(&plugin, info, argc, argv)) {
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated, NULL);
	return 0;
}
