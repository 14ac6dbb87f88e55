/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fault as numbers, and from words to it. Pure: no QEMU, no global state.
 */
#ifndef QEMU_PLUGINS_INJECT_FAULT_H
#define QEMU_PLUGINS_INJECT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qemu-plugins/inject_words.h"

#define INJECT_FAULTS_MAX 40
#define INJECT_WATCHES_MAX \
	64 /* triggers in one run: at, from and until of all, and one that stops */
#define INJECT_RANGES_MAX 8
#define INJECT_ERROR_BYTES 256
#define INJECT_EVER UINT64_MAX
#define INJECT_CPU_ANY -1

#define INJECT_ENUM_TRIGGER(name, ...) INJECT_AT_##name,
enum inject_at { INJECT_TRIGGERS(INJECT_ENUM_TRIGGER) INJECT_AT_COUNT };
#define INJECT_ENUM_WHERE(name, ...) INJECT_IN_##name,
enum inject_where { INJECT_WHERES(INJECT_ENUM_WHERE) INJECT_IN_ANYWHERE };
#define INJECT_ENUM_ENTRY(name, ...) INJECT_ENTRY_##name,
enum inject_entry { INJECT_ENTRIES(INJECT_ENUM_ENTRY) };
#define INJECT_ENUM_FAULT(name, ...) INJECT_FAULT_##name,
enum inject_fault_kind { INJECT_FAULTS(INJECT_ENUM_FAULT) };
#define INJECT_ENUM_IRQ(name, ...) INJECT_IRQ_##name,
enum inject_irq { INJECT_IRQS(INJECT_ENUM_IRQ) };
#define INJECT_ENUM_ACCESS(name, ...) INJECT_ACCESS_##name,
enum inject_access { INJECT_ACCESSES(INJECT_ENUM_ACCESS) };
#define INJECT_ENUM_BARRIER(name, ...) INJECT_BARRIER_##name,
enum inject_barrier { INJECT_BARRIERS(INJECT_ENUM_BARRIER) };
#define INJECT_ENUM_PLACE(name, ...) INJECT_PLACE_##name,
enum inject_place_kind { INJECT_PLACES(INJECT_ENUM_PLACE) };
#define INJECT_ENUM_TARGET(name, ...) INJECT_DO_##name,
enum inject_do { INJECT_TARGETS(INJECT_ENUM_TARGET) INJECT_DO_COUNT };
#define INJECT_ENUM_TABLE(name, ...) INJECT_TABLE_##name,
enum inject_table { INJECT_TABLES(INJECT_ENUM_TABLE) };
#define INJECT_ENUM_INTERRUPT(name, ...) INJECT_INTERRUPT_##name,
enum inject_interrupt { INJECT_INTERRUPTS(INJECT_ENUM_INTERRUPT) };
#define INJECT_ENUM_DMA(name, ...) INJECT_DMA_##name,
enum inject_dma { INJECT_DMAS(INJECT_ENUM_DMA) };
#define INJECT_ENUM_MODEL(name, ...) INJECT_MODEL_##name,
enum inject_model { INJECT_MODELS(INJECT_ENUM_MODEL) };

/* General registers as the faults name them. */
#define INJECT_REG_SP 31

/* What lies at an address: a symbol is a PA by now. */
struct inject_place {
	enum inject_place_kind kind;
	uint64_t address;
	uint64_t bytes; /* 1 to 8 for what is changed, any number for what is watched */
};

struct inject_trigger {
	enum inject_at at;
	unsigned int word; /* the list's row: where, entry, fault, irq, how, barrier */
	bool any;          /* CALL, REGISTER, TLBI, MARK: all of them */
	uint32_t call;     /* CALL: function identifier */
	bool smccc;        /* CALL: published, so either calling convention (bit 30) */
	uint16_t key;      /* REGISTER, TLBI: A64_KEY */
	uint64_t address;  /* ADDRESS: virtual; SYMBOL: physical; TIME: ns; MARK: its name */
	struct inject_place place;
	uint64_t nth; /* from 1 */
};

struct inject_fault {
	struct inject_trigger at;
	bool gated; /* counts from the hit of @from */
	struct inject_trigger from;
	bool ends; /* counts no more from the hit of @until on */
	struct inject_trigger until;

	enum inject_do what;
	unsigned int index; /* REG: 0 to 31; ARG, RESULT: 0 to 17; LOADED: 0 or 1; INTID */
	unsigned int word;  /* the list's row: table, interrupt, dma */
	int level;          /* PTE: 0 to 3, -1: the last that is there */
	struct inject_place place;

	enum inject_model model;
	uint64_t bits;  /* FLIP, SET, CLEAR: the mask */
	uint64_t value; /* VALUE */

	uint64_t shots; /* occurrences from the N-th on: 1, K, INJECT_EVER */
	enum inject_where who;
	int cpu; /* INJECT_CPU_ANY */
};

/* A symbol's physical address; false: there is no such symbol. */
typedef bool (*inject_lookup)(void *symbols, const char *name, uint64_t *address);

/*
 * Read faults from @text, words separated by blanks and faults by ';'.
 *
 * @faults  room for INJECT_FAULTS_MAX; @count is how many were read.
 * @error   INJECT_ERROR_BYTES, one sentence without line end, written on failure.
 * Returns false if a word is unknown or missing, or the combination cannot be.
 */
bool inject_parse(const char *text, inject_lookup lookup, void *symbols,
		  struct inject_fault *faults, size_t *count, char *error);

/* The same for a trigger alone, as options name it. */
bool inject_parse_trigger(const char *text, inject_lookup lookup, void *symbols,
			  struct inject_trigger *trigger, char *error);

/* Places "KIND:ADDRESS/BYTES" joined by '+': at most @max; pa and symbol only. */
bool inject_parse_ranges(const char *text, inject_lookup lookup, void *symbols,
			 struct inject_place *ranges, size_t max, size_t *count, char *error);

/*
 * Why a fault with this trigger cannot have this target (or model), NULL if it
 * can.
 */
const char *inject_impossible(const struct inject_fault *fault);

/* @before after the fault's model, in a field of @bytes (1 to 8). */
uint64_t inject_changed(const struct inject_fault *fault, uint64_t before, uint64_t bytes);

/* Whether the trigger is a certain instruction, before which its fault is made. */
bool inject_at_instruction(enum inject_at at);

/* The word of a trigger or a target. */
const char *inject_at_word(enum inject_at at);
const char *inject_do_word(enum inject_do what);

#endif /* QEMU_PLUGINS_INJECT_FAULT_H */
