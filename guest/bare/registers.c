/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks all its registers (platform/abi/register_tags.h), leaves for the host or the
 * hypervisor in each way there is, and says whether all came back as they were.
 *
 *   guest  value features sve=.. pauth=.. pmu=..   in bytes of a vector, and 0 or 1
 *   guest  ok|fail registers kind=.. x=.. v=.. sve=.. system=..   for each kind of exit; the masks
 *          have a bit for each register that changed and should not have (sve: Z0-31, P0-15, FFR)
 *   guest  value system index=.. name=..                   which system register has a mark
 *   guest  value hold control_ipa=..
 *   guest  value waiting hold=1       from now on all general, vector and system registers
 *                                     have their marks, and this goes on until
 *   host   sets the byte at control_ipa (a shared page) to 1; or for 60 seconds
 *
 * What the answer of an exit goes to (x0 to x3 of a call, x5 of a read) is not compared, but
 * has to be the answer. A system register that the CPU or the hypervisor does not let this
 * guest have (undefined, or reads other than it was written) has no mark.
 */
#include "guest/bare/lib/cause.h"
#include "guest/bare/lib/guest.h"
#include "platform/abi/register_tags.h"
#include "platform/abi/smccc.h"

_Static_assert(offsetof(struct cause_registers, v) == CAUSE_V, "cause.h");
_Static_assert(offsetof(struct cause_registers, fpcr) == CAUSE_FPCR, "cause.h");
_Static_assert(offsetof(struct cause_registers, fpsr) == CAUSE_FPSR, "cause.h");
_Static_assert(offsetof(struct cause, after) == CAUSE_AFTER, "cause.h");
_Static_assert(offsetof(struct cause, sve) == CAUSE_SVE, "cause.h");
_Static_assert(offsetof(struct cause_sve_registers, p) == CAUSE_SVE_P, "cause.h");
_Static_assert(offsetof(struct cause_sve, after) == CAUSE_SVE_AFTER, "cause.h");

#define SCRATCH (GUEST_SERIAL1_BASE + 7)
#define HOLD_S 240
#define LOOP_MS 40
#define WFI_US 1000000 /* long: a WFI whose alarm has rung, on a busy machine, is no exit */
#define FPCR_MARK (UINT64_C(3) << 22) /* RMode */
#define FPSR_MARK UINT64_C(0x8000001f)
#define CPACR_FPEN (UINT64_C(3) << 20)
#define CPACR_ZEN (UINT64_C(3) << 16)
#define ZCR_LEN_MAX 15
#define MDSCR_MDE (UINT64_C(1) << 15)

/* X(name, what the assembler calls it, mark): 0: in use, so only compared. */
#define SYSTEM_REGISTERS(X)                  \
	X(TPIDR_EL0, tpidr_el0, 1)           \
	X(TPIDRRO_EL0, tpidrro_el0, 1)       \
	X(TPIDR_EL1, tpidr_el1, 1)           \
	X(CONTEXTIDR_EL1, contextidr_el1, 1) \
	X(FAR_EL1, far_el1, 1)               \
	X(ESR_EL1, esr_el1, 1)               \
	X(ELR_EL1, elr_el1, 1)               \
	X(SPSR_EL1, spsr_el1, 1)             \
	X(PAR_EL1, par_el1, 1)               \
	X(AFSR0_EL1, afsr0_el1, 1)           \
	X(AFSR1_EL1, afsr1_el1, 1)           \
	X(AMAIR_EL1, amair_el1, 1)           \
	X(CSSELR_EL1, csselr_el1, 1)         \
	X(TTBR1_EL1, ttbr1_el1, 1)           \
	X(CNTV_CVAL_EL0, cntv_cval_el0, 1)   \
	X(DBGBVR0_EL1, dbgbvr0_el1, 1)       \
	X(DBGWVR0_EL1, dbgwvr0_el1, 1)       \
	X(APIAKEYLO_EL1, S3_0_C2_C1_0, 1)    \
	X(APIAKEYHI_EL1, S3_0_C2_C1_1, 1)    \
	X(APIBKEYLO_EL1, S3_0_C2_C1_2, 1)    \
	X(APIBKEYHI_EL1, S3_0_C2_C1_3, 1)    \
	X(APDAKEYLO_EL1, S3_0_C2_C2_0, 1)    \
	X(APDAKEYHI_EL1, S3_0_C2_C2_1, 1)    \
	X(APDBKEYLO_EL1, S3_0_C2_C2_2, 1)    \
	X(APDBKEYHI_EL1, S3_0_C2_C2_3, 1)    \
	X(APGAKEYLO_EL1, S3_0_C2_C3_0, 1)    \
	X(APGAKEYHI_EL1, S3_0_C2_C3_1, 1)    \
	X(PMCCNTR_EL0, pmccntr_el0, 1)       \
	X(PMEVCNTR0_EL0, pmevcntr0_el0, 1)   \
	X(VBAR_EL1, vbar_el1, 0)             \
	X(SCTLR_EL1, sctlr_el1, 0)           \
	X(TCR_EL1, tcr_el1, 0)               \
	X(TTBR0_EL1, ttbr0_el1, 0)           \
	X(MAIR_EL1, mair_el1, 0)             \
	X(CPACR_EL1, cpacr_el1, 0)           \
	X(ZCR_EL1, S3_0_C1_C2_0, 0)          \
	X(CNTKCTL_EL1, cntkctl_el1, 0)       \
	X(MDSCR_EL1, mdscr_el1, 0)

/* A register may be undefined here: then it reads as UNDEFINED. */
#define UNDEFINED UINT64_C(0xdefacedbadf00d)
#define TRY(insn, ...)                                                                           \
	__asm__ volatile(                                                                        \
		"1:	" insn "\n2:\n"                                                          \
		".pushsection .extable, \"a\"\n.balign 8\n.quad 1b, 2b\n.popsection" __VA_ARGS__ \
		: "x0", "memory")

enum system {
#define SYSTEM_ENUM(name, assembler, mark) SYSTEM_##name,
	SYSTEM_REGISTERS(SYSTEM_ENUM) SYSTEM_COUNT
};

struct system_register {
	const char *name;
	bool mark;
	uint64_t (*get)(void);
	void (*set)(uint64_t value);
};

#define SYSTEM_ACCESS(name, assembler, mark)                   \
	static uint64_t get_##name(void)                       \
	{                                                      \
		uint64_t value = UNDEFINED;                    \
		TRY("mrs %0, " #assembler, : "+r"(value) :);   \
		return value;                                  \
	}                                                      \
	static void set_##name(uint64_t value)                 \
	{                                                      \
		TRY("msr " #assembler ", %0", : : "r"(value)); \
	}
SYSTEM_REGISTERS(SYSTEM_ACCESS)

#define SYSTEM_ROW(register_name, assembler, has_mark) \
	{ .name = #register_name,                      \
	  .mark = (has_mark),                          \
	  .get = get_##register_name,                  \
	  .set = set_##register_name },
static const struct system_register registers[] = { SYSTEM_REGISTERS(SYSTEM_ROW) };

static uint8_t control_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct cause cause;
static struct cause_sve sve;
static unsigned int vector_bytes;     /* of an SVE register; 0: this CPU has none */
static uint64_t held[SYSTEM_COUNT];   /* what each register keeps of its mark */
static bool is_here[SYSTEM_COUNT];    /* not undefined */
static uint64_t normal[SYSTEM_COUNT]; /* what it holds while this program uses it */

static uint64_t tag(uint64_t kind, uint64_t number)
{
	return (uint64_t)REGISTER_TAG_HIGH << 32 | REGISTER_TAG_LOW | kind << 8 | number;
}

/* Debug registers are a guest's in earnest: without an exception on they need not be in the CPU. */
static void open_debug(void)
{
	TRY("msr oslar_el1, xzr", ::);
	set_MDSCR_EL1(MDSCR_MDE);
	__asm__ volatile("isb" : : : "memory");
}

/* Once: an undefined instruction changes ESR_EL1 and others. */
static void find_registers(void)
{
	for (unsigned int i = 0; i < SYSTEM_COUNT; i++) {
		is_here[i] = registers[i].get() != UNDEFINED;
	}
}

static void mark_all(void)
{
	for (unsigned int i = 0; i < 31; i++) {
		cause.before.x[i] = tag(REGISTER_TAG_X, i);
	}
	for (unsigned int i = 0; i < 32; i++) {
		cause.before.v[i][0] = tag(REGISTER_TAG_V, i);
		cause.before.v[i][1] = tag(REGISTER_TAG_V_HIGH, i);
	}
	for (unsigned int i = 0; i < 32 * vector_bytes; i += sizeof(uint64_t)) {
		unsigned int word = i % vector_bytes / sizeof(uint64_t), n = i / vector_bytes;
		uint64_t mark = tag(word == 1 ? REGISTER_TAG_V_HIGH : REGISTER_TAG_V, n);

		memcpy(sve.before.z + i, &mark, sizeof(mark));
	}
	/* FFR: what a load that stopped in the middle of a vector leaves. */
	for (unsigned int i = 0; i < 17 * (vector_bytes / 8); i++) {
		unsigned int n = i / (vector_bytes / 8), byte = i % (vector_bytes / 8);

		sve.before.p[i] = n < 16 ? (uint8_t)(0x35 + 13 * n + byte) : byte ? 0 : 0x7f;
	}
	cause.before.fpcr = FPCR_MARK;
	cause.before.fpsr = FPSR_MARK;
	for (unsigned int i = 0; i < SYSTEM_COUNT; i++) {
		normal[i] = is_here[i] ? registers[i].get() : 0;
		if (is_here[i] && registers[i].mark) {
			registers[i].set(tag(REGISTER_TAG_SYSTEM, i));
		}
	}
	__asm__ volatile("isb" : : : "memory");
	for (unsigned int i = 0; i < SYSTEM_COUNT; i++) {
		held[i] = is_here[i] ? registers[i].get() : 0;
	}
}

/* Which system registers changed; all are for this program's use again. */
static uint64_t unmark_all(void)
{
	uint64_t changed = 0;

	for (unsigned int i = 0; i < SYSTEM_COUNT; i++) {
		changed |= (uint64_t)(is_here[i] && registers[i].get() != held[i]) << i;
	}
	for (unsigned int i = 0; i < SYSTEM_COUNT; i++) {
		if (is_here[i] && registers[i].mark) {
			registers[i].set(normal[i]);
		}
	}
	__asm__ volatile("isb" : : : "memory");
	return changed;
}

static uint64_t changed_x(uint64_t answers)
{
	uint64_t changed = 0;

	for (unsigned int i = 0; i < 31; i++) {
		changed |= (uint64_t)(cause.after.x[i] != cause.before.x[i]) << i;
	}
	return changed & ~answers;
}

static uint64_t changed_v(void)
{
	uint64_t changed = 0;

	for (unsigned int i = 0; i < 32; i++) {
		changed |= (uint64_t)(cause.after.v[i][0] != cause.before.v[i][0] ||
				      cause.after.v[i][1] != cause.before.v[i][1])
			   << i;
	}
	changed |= (uint64_t)(cause.after.fpcr != cause.before.fpcr) << 32;
	changed |= (uint64_t)(cause.after.fpsr != cause.before.fpsr) << 33;
	return changed;
}

static uint64_t changed_sve(void)
{
	uint64_t changed = 0;

	for (unsigned int i = 0; i < 32 * vector_bytes; i++) {
		changed |= (uint64_t)(sve.after.z[i] != sve.before.z[i]) << i / vector_bytes;
	}
	for (unsigned int i = 0; i < 17 * (vector_bytes / 8); i++) {
		changed |= (uint64_t)(sve.after.p[i] != sve.before.p[i])
			   << (32 + i / (vector_bytes / 8));
	}
	return changed;
}

#define X(n) (UINT64_C(1) << (n))
#define CALL_ANSWERS (X(0) | X(1) | X(2) | X(3))

/* One kind of exit. @set: after the marks, which general registers it needs. */
struct kind {
	const char *name;
	void (*cause)(struct cause *cause);
	void (*set)(uint64_t *x);
	uint64_t answers; /* registers that the answer goes to */
	uint64_t x5;      /* what x5 has to be, if x5 is among these */
	uint64_t x5_any;  /* but for these bits */
};

static void set_serial(uint64_t *x)
{
	x[6] = SCRATCH;
}

static void set_fresh(uint64_t *x)
{
	x[6] = (uintptr_t)pages_take(1);
}

static void set_version(uint64_t *x)
{
	x[0] = PSCI_VERSION;
}

static void set_ptp(uint64_t *x)
{
	x[0] = KVM_PTP;
	x[1] = 0; /* the virtual counter */
}

static void set_unknown(uint64_t *x)
{
	x[0] = 0xc600fffe;
}

static void set_no_cpu(uint64_t *x)
{
	x[5] = 0; /* to nobody: TargetList is empty */
}

static void set_alarm(uint64_t *x)
{
	(void)x;
	sysreg_write(cntv_cval_el0, timer_ticks() + WFI_US * timer_hz() / 1000000);
	sysreg_write(cntv_ctl_el0, 1);
	held[SYSTEM_CNTV_CVAL_EL0] = sysreg_read(cntv_cval_el0);
}

static void set_loop(uint64_t *x)
{
	x[6] = (uintptr_t)control_page;
	x[8] = timer_ticks() + LOOP_MS * timer_hz() / 1000;
}

static const struct kind kinds[] = {
	{ .name = "nothing", .cause = cause_nothing },
	{ .name = "mmio_write", .cause = cause_write8, .set = set_serial },
	{ .name = "mmio_read",
	  .cause = cause_read8,
	  .set = set_serial,
	  .answers = X(5),
	  .x5 = (REGISTER_TAG_LOW | REGISTER_TAG_X << 8 | 5) & 0xff },
	{ .name = "fault", .cause = cause_load64, .set = set_fresh, .answers = X(5) },
	{ .name = "hvc_version", .cause = cause_hvc, .set = set_version, .answers = CALL_ANSWERS },
	{ .name = "hvc_host", .cause = cause_hvc, .set = set_ptp, .answers = CALL_ANSWERS },
	{ .name = "hvc_unknown", .cause = cause_hvc, .set = set_unknown, .answers = CALL_ANSWERS },
	{ .name = "wfi", .cause = cause_wfi, .set = set_alarm },
	{ .name = "sgi", .cause = cause_sgi, .set = set_no_cpu },
	{ .name = "timer", .cause = cause_timer, .answers = X(5), .x5_any = 7 },
	{ .name = "interrupt", .cause = cause_loop, .set = set_loop, .answers = X(5) | X(7) },
};

static void run(const struct kind *kind)
{
	uint64_t x, v, system;
	bool answered;

	mark_all();
	if (kind->set) {
		kind->set(cause.before.x);
	}
	kind->cause(&cause);
	sysreg_write(cntv_ctl_el0, 0);
	system = unmark_all();
	x = changed_x(kind->answers);
	v = changed_v();
	answered = !(kind->answers & X(5)) || !((kind->x5 ^ cause.after.x[5]) & ~kind->x5_any);
	report_check(!x && !v && !changed_sve() && !system && answered, "registers",
		     "kind=%s x=0x%llx v=0x%llx sve=0x%llx system=0x%llx x0=0x%llx x5=0x%llx",
		     kind->name, (unsigned long long)x, (unsigned long long)v,
		     (unsigned long long)changed_sve(), (unsigned long long)system,
		     (unsigned long long)cause.after.x[0], (unsigned long long)cause.after.x[5]);
}

static void report_marks(void)
{
	mark_all();
	unmark_all();
	for (unsigned int i = 0; i < SYSTEM_COUNT; i++) {
		if (registers[i].mark && held[i]) {
			report_value("system", "index=%u name=%s holds=0x%llx", i,
				     registers[i].name, (unsigned long long)held[i]);
		}
	}
}

/* All marks stay until the host has looked. */
static void hold(void)
{
	uint64_t system;

	report_value("hold", "control_ipa=0x%llx", (unsigned long long)(uintptr_t)control_page);
	report_value("waiting", "hold=1");
	mark_all();
	cause.before.x[6] = (uintptr_t)control_page;
	cause.before.x[8] = timer_ticks() + HOLD_S * timer_hz();
	cause_loop(&cause);
	system = unmark_all();
	report_check(control_page[0] && !changed_x(X(5) | X(7)) && !changed_v() && !changed_sve() &&
			     !system,
		     "held", "x=0x%llx v=0x%llx sve=0x%llx system=0x%llx",
		     (unsigned long long)changed_x(X(5) | X(7)), (unsigned long long)changed_v(),
		     (unsigned long long)changed_sve(), (unsigned long long)system);
}

/* With vectors as long as this CPU has them. */
static void enable_sve(void)
{
	if (!(sysreg_read(id_aa64pfr0_el1) >> 32 & 0xf)) {
		return;
	}
	sysreg_write(cpacr_el1, sysreg_read(cpacr_el1) | CPACR_ZEN);
	__asm__ volatile("isb" : : : "memory");
	set_ZCR_EL1(ZCR_LEN_MAX);
	__asm__ volatile(".arch_extension sve\n\tisb\n\trdvl %x0, #1" : "=r"(vector_bytes));
	cause.sve = &sve;
}

int guest_main(void)
{
	report_begin();
	sysreg_write(cpacr_el1, sysreg_read(cpacr_el1) | CPACR_FPEN);
	enable_sve();
	control_page[0] = 0;
	if (pkvm_can_share() && pkvm_share((uintptr_t)control_page, 1)) {
		report_fail("share", "");
	}
	open_debug();
	find_registers();
	report_value("features", "sve=%u pauth=%d pmu=%d", vector_bytes,
		     is_here[SYSTEM_APIAKEYLO_EL1], is_here[SYSTEM_PMCCNTR_EL0]);
	report_marks();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		run(&kinds[i]);
	}
	hold();
	return 0;
}
