/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GDB's remote serial protocol (the GDB manual, appendix E), the stub's side: bytes in, answers out, and what is asked
 * of the machine by way of struct gdb_target. Pure: no socket and no KVM. One thread.
 *
 * Threads are vCPUs, numbered from 1. Registers are those of GDB's feature org.gnu.gdb.aarch64.core: x0 to x30, sp, pc, 8 bytes
 * each, and cpsr, 4 bytes; lowest byte first.
 */
#ifndef VMM_GDB_PROTOCOL_H
#define VMM_GDB_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_BYTES_MAX 4096 /* between '$' and '#', either way */
#define GDB_REGISTERS 34
/* Their numbers in org.gnu.gdb.aarch64.core: x0 to x30, then these. */
#define GDB_REGISTER_SP 31
#define GDB_REGISTER_PC 32
#define GDB_REGISTER_CPSR 33

/* Kinds of Z packets: what they are in the protocol. */
enum gdb_breakpoint {
	GDB_BREAKPOINT_SOFTWARE = 0, /* an instruction in memory */
	GDB_BREAKPOINT_HARDWARE = 1,
	GDB_WATCHPOINT_WRITE = 2,
	GDB_WATCHPOINT_READ = 3,
	GDB_WATCHPOINT_ACCESS = 4,
};

/* The machine. All but interrupt() are called only while it stands; no answer is sent to a packet that comes while it runs. */
struct gdb_target {
	unsigned (*cpus)(void *opaque);
	/* A register of vCPU @cpu (from 0), @number as above. False: it cannot be had or set. */
	bool (*get)(void *opaque, unsigned cpu, unsigned number, uint64_t *value);
	bool (*set)(void *opaque, unsigned cpu, unsigned number, uint64_t value);
	/* Memory by the virtual addresses that @cpu has now. False: not all of it is there; then nothing is changed. */
	bool (*read)(void *opaque, unsigned cpu, uint64_t at, void *bytes, size_t count);
	bool (*write)(void *opaque, unsigned cpu, uint64_t at, const void *bytes, size_t count);
	/* False: there is no more room for one, none like that, no such memory of @cpu, or none to take away. */
	bool (*insert)(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		       uint64_t bytes);
	bool (*remove)(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		       uint64_t bytes);
	/* Run: vCPU @step, unless that is negative, one instruction; if @others is set, all the others too. */
	void (*resume)(void *opaque, int step, bool others);
	/* Stop all; gdb_stopped() follows. */
	void (*interrupt)(void *opaque);
	/* The debugger goes: without breakpoints, and running; or the machine is to end. */
	void (*detach)(void *opaque);
	void (*kill)(void *opaque);
	/* Bytes for the debugger. */
	void (*send)(void *opaque, const char *bytes, size_t count);
	void *opaque;
};

struct gdb_protocol {
	const struct gdb_target *target;
	bool running;
	bool no_acks;
	unsigned current; /* vCPU that g, m and s are about */
	unsigned stopped; /* vCPU that the last stop is of */
	const char *
		cause; /* of that stop, NULL: none but the signal; constant text "watch:" or the like */
	uint64_t cause_at; /* its address */
	/* What has come of a packet so far. */
	enum { GDB_BETWEEN, GDB_INSIDE, GDB_SUM_HIGH, GDB_SUM_LOW } state;
	size_t used;
	bool is_too_long;
	char sum[2];
	char packet[GDB_PACKET_BYTES_MAX + 1];
	char answer[GDB_PACKET_BYTES_MAX + 1];
	size_t answer_used;
};

/* A debugger has connected to a machine that stands. @target outlives it. */
void gdb_protocol_init(struct gdb_protocol *p, const struct gdb_target *target);

/* @count bytes of the debugger's. What is no packet is left out. */
void gdb_receive(struct gdb_protocol *p, const char *bytes, size_t count);

/*
 * The machine, which ran, stands: by a breakpoint, a step or an interrupt of vCPU @cpu.
 *
 * @watched  the kind of watchpoint that was hit at @at; GDB_BREAKPOINT_SOFTWARE: another cause.
 */
void gdb_stopped(struct gdb_protocol *p, unsigned cpu, enum gdb_breakpoint watched, uint64_t at);

/* The machine, which ran, has ended, with this exit status. */
void gdb_exited(struct gdb_protocol *p, unsigned status);

#endif /* VMM_GDB_PROTOCOL_H */
