/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of faults: what they are read as, and what is refused, in which sentence. */
#include "qemu-plugins/inject_fault.h"

#include <stdio.h>
#include <string.h>

#include "qemu-plugins/common/a64.h"
#include "qemu-plugins/common/sysregs.h"
#include "qemu-plugins/inject_load.h"
#include "tests/plugins/cmocka_all.h"

static char error[INJECT_ERROR_BYTES];
static struct inject_fault faults[INJECT_FAULTS_MAX];

static bool lookup(void *symbols, const char *name, uint64_t *address)
{
	(void)symbols;
	*address = 0x40207ae0;
	return strcmp(name, "pool_alloc") == 0;
}

static const struct inject_fault *read_one(const char *text)
{
	size_t count = 0;

	if (!inject_parse(text, lookup, NULL, faults, &count, error)) {
		fail_msg("'%s': %s", text, error);
	}
	assert_int_equal(count, 1);
	return faults;
}

static void refused(const char *text, const char *why)
{
	size_t count;

	if (inject_parse(text, lookup, NULL, faults, &count, error)) {
		fail_msg("'%s' was taken", text);
	}
	if (strstr(error, why) == NULL) {
		fail_msg("'%s': says '%s', not '%s'", text, error, why);
	}
}

static void test_register(void **state)
{
	const struct inject_fault *fault = read_one("at=insn:el2:123456 do=reg:x5 flip=3");
	(void)state;

	assert_int_equal(fault->at.at, INJECT_AT_INSN);
	assert_int_equal(fault->at.word, INJECT_IN_EL2);
	assert_int_equal(fault->at.nth, 123456);
	assert_int_equal(fault->what, INJECT_DO_REG);
	assert_int_equal(fault->index, 5);
	assert_int_equal(fault->bits, 8);
	assert_int_equal(fault->shots, 1);
	assert_int_equal(fault->who, INJECT_IN_ANYWHERE);
	assert_int_equal(fault->cpu, INJECT_CPU_ANY);
	assert_false(fault->gated);
}

static void test_order_and_several(void **state)
{
	size_t count = 0;
	(void)state;

	assert_true(inject_parse(" set=1+8-11 for=3 do=arg:2 who=vm cpu=1 at=call:any ;\n"
				 "at=start do=mem:pa:0x40000000/4 value=0xffffffff for=ever;",
				 lookup, NULL, faults, &count, error));
	assert_int_equal(count, 2);
	assert_int_equal(faults[0].bits, 0xf02);
	assert_int_equal(faults[0].model, INJECT_MODEL_SET);
	assert_int_equal(faults[0].shots, 3);
	assert_int_equal(faults[0].who, INJECT_IN_VM);
	assert_int_equal(faults[0].cpu, 1);
	assert_true(faults[0].at.any);
	assert_int_equal(faults[0].at.nth, 1);
	assert_int_equal(faults[1].place.address, 0x40000000);
	assert_int_equal(faults[1].place.bytes, 4);
	assert_true(faults[1].shots == INJECT_EVER);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(read_one("at=symbol:pool_alloc+8:2 do=skip")->at.address, 0x40207ae8);
	assert_int_equal(faults->at.nth, 2);
	assert_int_equal(read_one("at=msr:VTTBR_EL2 do=sysreg flip=48")->at.key, A64_VTTBR_EL2);
	assert_int_equal(read_one("at=mrs:s3_4_c2_c1_0:9 do=sysreg clear=0")->at.key,
			 A64_VTTBR_EL2);
	assert_int_equal(read_one("at=tlbi:vmalls12e1is:3 do=skip")->at.key,
			 A64_KEY(1, 4, 8, 3, 6));
	assert_int_equal(read_one("at=call:MEM_DONATE do=arg:1 flip=0")->at.call, 0xc6007001);
	assert_false(faults->at.smccc);
	assert_true(read_one("at=return:SMCCC_VERSION do=result:0 value=0")->at.smccc);
	assert_int_equal(read_one("at=pc:0xffff0000 do=opcode value=nop")->value, 0xd503201f);
	assert_int_equal(read_one("at=eret do=pstate flip=n+i")->bits, 0x80000080);
	assert_int_equal(read_one("at=eret do=pte:host:0x40000000/3 flip=write")->bits, 0x80);
	assert_int_equal(faults->level, 3);
	assert_int_equal(read_one("at=eret do=pte:vm:0 clear=valid")->level, -1);
	assert_int_equal(read_one("at=time:1500us do=irq:raise:40")->at.address, 1500000);
	assert_int_equal(faults->index, 40);
	assert_int_equal(read_one("at=access:read:vm:0x1000/16:5 do=loaded:2 flip=0")->index, 1);
	assert_int_equal(faults->at.place.kind, INJECT_PLACE_VM);
	assert_int_equal(faults->at.place.bytes, 16);
	assert_int_equal(faults->at.nth, 5);
	assert_int_equal(read_one("at=insn:vm from=symbol:pool_alloc:4 do=reg:sp flip=4")->index,
			 INJECT_REG_SP);
	assert_true(faults->gated);
	assert_int_equal(faults->from.nth, 4);
	assert_false(faults->ends);
	read_one("at=insn:vm from=mark:begin until=call:PSCI_VERSION:2 do=skip");
	assert_true(faults->gated && faults->ends);
	assert_int_equal(faults->from.at, INJECT_AT_MARK);
	assert_int_equal(faults->from.address, 0x6e69676562);
	assert_int_equal(faults->until.nth, 2);
	assert_true(read_one("at=mark do=skip")->at.any &&
		    read_one("at=mark:any:3 do=skip")->at.any);
	assert_int_equal(read_one("at=symbol:pool_alloc do=return value=0")->what, INJECT_DO_LEAVE);
	assert_int_equal(read_one("at=irq:el2:2 do=irq:drop")->word, INJECT_INTERRUPT_DROP);
	assert_int_equal(read_one("at=start do=dma:read:host:0x50000000/64")->place.bytes, 64);
}

/* So many with three triggers each. */
static const char *many_faults(unsigned int count)
{
	static char text[2048];
	size_t length = 0;

	while (count-- > 0) {
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "at=eret do=skip from=eret until=eret;");
	}
	return text;
}

static void test_refusals(void **state)
{
	(void)state;
	refused("", "no fault is given");
	refused("at=mark::1 do=skip", "a mark has a name of 1 to 8 characters, not ''");
	refused("at=mark:ninechars do=skip",
		"a mark has a name of 1 to 8 characters, not 'ninechars'");
	refused("at=eret do=skip until=gone", "trigger 'gone' is unknown");
	refused(many_faults(22), "at most 63 triggers");
	refused("at=insn:el2:1", "'do=' is missing");
	refused("do=skip", "'at=' is missing");
	refused("at=insn:el2:1 do=reg:x31 flip=1", "no register 'x31'");
	refused("at=insn:el2:1 do=reg:pstate flip=1", "do=pstate");
	refused("at=entry:serror do=reg:x0 flip=1", "no CPU of this QEMU takes a physical SError");
	refused("at=insn:el4:1 do=skip", "where 'el4' is unknown; there are el0, el1, el2");
	refused("at=insn:el2:0 do=skip", "a number from 1");
	refused("at=insn:el2:1:2 do=skip", "'2' is too much behind 'insn'");
	refused("at=symbol:pool_allok do=skip", "there is no symbol 'pool_allok'");
	refused("at=symbol:pool_alloc+x do=skip", "is no number");
	refused("at=call:MEM_DONATES do=arg:1 flip=0",
		"there is no call 'MEM_DONATES'; did you mean MEM_DONATE?");
	refused("at=msr:VTTBR_EL9 do=sysreg flip=0",
		"there is no system register 'VTTBR_EL9'; did you mean VTTBR_EL2?");
	refused("at=tlbi:nothing do=skip", "there is no TLB invalidation");
	refused("at=insn:el2:1 do=reg:x1", "needs one of flip, set, clear, value");
	refused("at=insn:el2:1 do=skip flip=1", "takes no flip");
	refused("at=insn:el2:1 do=reg:x1 flip=64", "'64' is no bit");
	refused("at=insn:el2:1 do=reg:x1 flip=7-3", "'7-3' is no bit");
	refused("at=insn:el2:1 do=reg:x1 flip=valid", "'valid' is no bit");
	refused("at=insn:el2:1 do=reg:x1 flip=1 set=2", "given twice");
	refused("at=insn:el2:1 do=reg:x1 flip=", "'flip' needs a value");
	refused("at=insn:el2:1 do=reg:x1 value=12z", "is no number");
	refused("at=insn:el2:1 do=reg:x1 flap=1", "'flap' is no word");
	refused("at=insn:el2:1 do=mem:pa:0x40/4 flip=32", "wider than the target");
	refused("at=insn:el2:1 do=mem:pa:0x40/9 flip=1", "1 to 8 bytes");
	refused("at=insn:el2:1 do=mem:ipa:0x40 flip=1", "place 'ipa' is unknown");
	refused("at=insn:el2:1 do=opcode value=0x100000000", "wider than the target");
	refused("at=call:any do=skip", "it needs an instruction");
	refused("at=insn:el2:1 do=arg:0 flip=1", "at=call only");
	refused("at=insn:el2:1 do=result:0 flip=1", "at=return only");
	refused("at=insn:el2:1 do=irq:drop", "at=irq only");
	refused("at=insn:el2:1 do=sysreg flip=1", "at=msr or at=mrs only");
	refused("at=insn:el2:1 do=return value=1", "a function's entry");
	refused("at=symbol:pool_alloc do=return flip=1", "returns a value=");
	refused("at=access:write:pa:1 do=loaded flip=1", "a write loads nothing");
	refused("at=time:15 do=skip", "ns, us, ms or s");
	refused("at=eret do=pte:host:0/4 flip=1", "level is 0 to 3");
	refused("at=eret do=skip for=never", "for= is once");
	refused("at=eret do=skip for=0", "for= is once");
	refused("at=eret do=skip who=me", "who 'me' is unknown");
	refused("at=eret do=skip cpu=x", "cpu= is");
	refused("at=eret do=irq:raise:1020", "a number from 0 to 1019");
	refused("at=start:2 do=skip", "too much behind 'start'");
}

static void test_too_many(void **state)
{
	static const char one[] = "at=eret do=skip;";
	char text[(INJECT_FAULTS_MAX + 1) * (sizeof(one) - 1) + 1] = "";
	int i;
	(void)state;

	for (i = 0; i <= INJECT_FAULTS_MAX; i++) {
		memcpy(text + (size_t)i * (sizeof(one) - 1), one, sizeof(one));
	}
	refused(text, "at most 40 faults");
}

static void test_models(void **state)
{
	(void)state;
	assert_int_equal(inject_changed(read_one("at=eret do=mem:pa:0/1 flip=0+7"), 0x1180, 1),
			 0x1101);
	assert_int_equal(inject_changed(read_one("at=eret do=reg:x0 set=4-7"), 0xf, 8), 0xff);
	assert_int_equal(inject_changed(read_one("at=eret do=reg:x0 clear=0-63"), ~0ull, 8), 0);
	assert_true(inject_changed(read_one("at=eret do=reg:x0 value=7"), ~0ull, 4) ==
		    0xffffffff00000007ull);
}

static void test_trigger_and_ranges(void **state)
{
	struct inject_trigger trigger;
	struct inject_place ranges[2];
	size_t count;
	(void)state;

	assert_true(inject_parse_trigger("eret:7", lookup, NULL, &trigger, error));
	assert_int_equal(trigger.nth, 7);
	assert_false(inject_parse_trigger("erett:7", lookup, NULL, &trigger, error));
	assert_true(inject_parse_ranges("pa:0x40200000/4096+symbol:pool_alloc/4", lookup, NULL,
					ranges, 2, &count, error));
	assert_int_equal(count, 2);
	assert_int_equal(ranges[1].address, 0x40207ae0);
	assert_false(inject_parse_ranges("vm:0/8", lookup, NULL, ranges, 2, &count, error));
	assert_false(inject_parse_ranges("pa:0+pa:1+pa:2", lookup, NULL, ranges, 2, &count, error));
}

/* Opcodes by GNU as. */
static void test_loads(void **state)
{
	static const struct {
		uint32_t word;
		unsigned int count;
		uint8_t first;
		uint8_t second;
	} rows[] = {
		{ 0xf9400020, 1, 0, 0 },   /* ldr x0, [x1] */
		{ 0xb8404c22, 1, 2, 0 },   /* ldr w2, [x1, #4]! */
		{ 0xf8626823, 1, 3, 0 },   /* ldr x3, [x1, x2] */
		{ 0x39800024, 1, 4, 0 },   /* ldrsb x4, [x1] */
		{ 0x39c00025, 1, 5, 0 },   /* ldrsb w5, [x1] */
		{ 0x58000006, 1, 6, 0 },   /* ldr x6, . */
		{ 0xa9402027, 2, 7, 8 },   /* ldp x7, x8, [x1] */
		{ 0xa8c17bfd, 2, 29, 30 }, /* ldp x29, x30, [sp], #16 */
		{ 0xc85ffc29, 1, 9, 0 },   /* ldaxr x9, [x1] */
		{ 0xc8dffc2a, 1, 10, 0 },  /* ldar x10, [x1] */
		{ 0xc87f302b, 2, 11, 12 }, /* ldxp x11, x12, [x1] */
		{ 0xf82d002e, 1, 14, 0 },  /* ldadd x13, x14, [x1] */
		{ 0xc8ef7c30, 1, 15, 0 },  /* casa x15, x16, [x1] */
		{ 0xf9000020, 0, 0, 0 },   /* str x0, [x1] */
		{ 0xa9002027, 0, 0, 0 },   /* stp x7, x8, [x1] */
		{ 0xc8117c29, 0, 0, 0 },   /* stxr w17, x9, [x1] */
		{ 0x3dc00020, 0, 0, 0 },   /* ldr q0, [x1] */
		{ 0xad400420, 0, 0, 0 },   /* ldp q0, q1, [x1] */
		{ 0xf9800020, 0, 0, 0 },   /* prfm pldl1keep, [x1] */
		{ 0xd8000000, 0, 0, 0 },   /* prfm pldl1keep, . */
		{ 0x8b020020, 0, 0, 0 },   /* add x0, x1, x2 */
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t regs[2] = { 0, 0 };

		assert_int_equal(inject_load_registers(rows[i].word, regs), rows[i].count);
		assert_int_equal(regs[0], rows[i].first);
		assert_int_equal(regs[1], rows[i].second);
	}
}

static void test_sysregs(void **state)
{
	char text[SYSREGS_NAME_BYTES];
	uint16_t key;
	(void)state;

	assert_string_equal(sysregs_describe(A64_VTTBR_EL2, text), "VTTBR_EL2");
	assert_string_equal(sysregs_describe(A64_KEY(3, 7, 15, 15, 7), text), "S3_7_C15_C15_7");
	assert_true(sysregs_find("hcr_el2", &key));
	assert_int_equal(key, A64_HCR_EL2);
	assert_false(sysregs_find("S3_8_C0_C0_0", &key));
	assert_false(sysregs_find("S3_0_C0_C0_0x", &key));
	assert_false(sysregs_find("", &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_order_and_several),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_trigger_and_ranges),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_sysregs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
