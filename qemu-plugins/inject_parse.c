/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From words to a fault. A scanner over a copy of the text, one function for what follows a word. */
#include "qemu-plugins/inject_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/abi/mark.h"
#include "qemu-plugins/common/calls.h"
#include "qemu-plugins/common/sysregs.h"

#define WORD_BYTES 128
#define MARK_NAME_MAX 8

/* What follows a trigger's or a target's word. */
enum follows {
	FOLLOWS_NOTHING,
	FOLLOWS_WHERE,
	FOLLOWS_SYMBOL,
	FOLLOWS_ADDRESS,
	FOLLOWS_CALL,
	FOLLOWS_ENTRY,
	FOLLOWS_FAULT,
	FOLLOWS_IRQ,
	FOLLOWS_ACCESS,
	FOLLOWS_REGISTER,
	FOLLOWS_TLBI,
	FOLLOWS_BARRIER,
	FOLLOWS_TIME,
	FOLLOWS_NAME,
	FOLLOWS_GENERAL,
	FOLLOWS_PLACE,
	FOLLOWS_PTE,
	FOLLOWS_INDEX,
	FOLLOWS_SECOND,
	FOLLOWS_INTERRUPT,
	FOLLOWS_DMA,
};

#define WORD_OF(name, word, ...) word,
static const char *const where_words[] = { INJECT_WHERES(WORD_OF) NULL };
static const char *const entry_words[] = { INJECT_ENTRIES(WORD_OF) NULL };
static const char *const fault_words[] = { INJECT_FAULTS(WORD_OF) NULL };
static const char *const irq_words[] = { INJECT_IRQS(WORD_OF) NULL };
static const char *const access_words[] = { INJECT_ACCESSES(WORD_OF) NULL };
static const char *const barrier_words[] = { INJECT_BARRIERS(WORD_OF) NULL };
static const char *const table_words[] = { INJECT_TABLES(WORD_OF) NULL };
static const char *const interrupt_words[] = { INJECT_INTERRUPTS(WORD_OF) NULL };
static const char *const dma_words[] = { INJECT_DMAS(WORD_OF) NULL };
static const char *const model_words[] = { INJECT_MODELS(WORD_OF) NULL };
static const char *const trigger_words[] = { INJECT_TRIGGERS(WORD_OF) NULL };
static const char *const target_words[] = { INJECT_TARGETS(WORD_OF) NULL };

#define FOLLOWS_OF(name, word, follows, flag) { FOLLOWS_##follows, flag },
static const struct {
	enum follows follows;
	bool counts;
} triggers[] = { INJECT_TRIGGERS(FOLLOWS_OF) };
static const struct {
	enum follows follows;
	bool has_model;
} targets[] = { INJECT_TARGETS(FOLLOWS_OF) };

struct named {
	const char *name;
	uint64_t value;
};

#define NAMED_OF(name, word, value) { word, value },
static const struct named pstate_bits[] = { INJECT_PSTATE_BITS(NAMED_OF){ NULL, 0 } };
static const struct named pte_bits[] = { INJECT_PTE_BITS(NAMED_OF){ NULL, 0 } };
static const struct named opcodes[] = { INJECT_OPCODES(NAMED_OF){ NULL, 0 } };
static const struct named time_units[] = { INJECT_TIMES(NAMED_OF){ NULL, 0 } };
static const struct named no_names[] = { { NULL, 0 } };

static bool take_call(struct inject_scan *scan, struct inject_trigger *trigger)
{
	struct inject_nearest nearest = { NULL, 0 };
	const char *field = inject_next(scan);
	uint64_t number;
	size_t i;

	if (field == NULL) {
		return inject_wrong(scan, "a call is missing");
	}
	if (strcmp(field, "any") == 0) {
		trigger->any = true;
		return true;
	}
	if (inject_to_number(field, &number) && number <= UINT32_MAX) {
		trigger->call = (uint32_t)number;
		return true;
	}
	for (i = 0; i < calls_count; i++) {
		inject_nearest(&nearest, field, calls_table[i].name);
		if (strcasecmp(calls_table[i].name, field) == 0) {
			trigger->call = calls_table[i].number;
			trigger->smccc = calls_table[i].who == CALL_ANY;
			return true;
		}
	}
	return inject_unknown(scan, "call", field, &nearest);
}

static bool take_sysreg(struct inject_scan *scan, const char *prefix,
			struct inject_trigger *trigger)
{
	struct inject_nearest nearest = { NULL, 0 };
	const char *field = inject_next(scan);
	char name[SYSREGS_NAME_BYTES];
	const char *name_of_row;
	size_t i;

	if (field == NULL) {
		return inject_wrong(scan, "the name of a register or instruction is missing");
	}
	if (strcmp(field, "any") == 0) {
		trigger->any = true;
		return true;
	}
	snprintf(name, sizeof(name), "%s%s", prefix, field);
	if (sysregs_find(name, &trigger->key) || sysregs_find(field, &trigger->key)) {
		return true;
	}
	for (i = 0, sysregs_row(i, &name_of_row); name_of_row != NULL;
	     sysregs_row(++i, &name_of_row)) {
		/* Instructions are in the same table, with a prefix. */
		if (strncasecmp(name_of_row, prefix, strlen(prefix)) == 0) {
			inject_nearest(&nearest, field, name_of_row + strlen(prefix));
		}
	}
	return inject_unknown(scan, prefix[0] == '\0' ? "system register" : "TLB invalidation",
			      field, &nearest);
}

static bool take_time(struct inject_scan *scan, uint64_t *ns)
{
	const char *field = inject_next(scan);
	size_t digits = field != NULL ? strspn(field, "0123456789") : 0;
	const struct named *unit;

	for (unit = time_units; digits > 0 && unit->name != NULL; unit++) {
		if (strcmp(field + digits, unit->name) == 0) {
			*ns = strtoull(field, NULL, 10);
			if (*ns <= UINT64_MAX / 4 / unit->value) {
				*ns *= unit->value;
				return true;
			}
		}
	}
	return inject_wrong(scan, "time cannot be '%s': a number with ns, us, ms or s is wanted",
			    field != NULL ? field : "");
}

/* A mark's name, as the program that leaves it has it in a register; none is any. */
static bool take_mark(struct inject_scan *scan, struct inject_trigger *trigger)
{
	const char *field = inject_next(scan);

	trigger->any = field == NULL || strcmp(field, "any") == 0;
	if (trigger->any) {
		return true;
	}
	if (field[0] == '\0' || strlen(field) > MARK_NAME_MAX) {
		return inject_wrong(scan, "a mark has a name of 1 to %d characters, not '%s'",
				    MARK_NAME_MAX, field);
	}
	trigger->address = mark_name(field);
	return true;
}

static bool take_trigger_rest(struct inject_scan *scan, struct inject_trigger *trigger)
{
	switch (triggers[trigger->at].follows) {
	case FOLLOWS_WHERE:
		return inject_take_word(scan, "where", where_words, &trigger->word);
	case FOLLOWS_SYMBOL:
		return inject_take_symbol(scan, &trigger->address);
	case FOLLOWS_ADDRESS:
		return inject_take_number(scan, "the address", 0, UINT64_MAX, &trigger->address);
	case FOLLOWS_CALL:
		return take_call(scan, trigger);
	case FOLLOWS_ENTRY:
		/* QEMU 11.1 delivers virtual SErrors only, to EL1 (target/arm, TCG). */
		return inject_take_word(scan, "entry", entry_words, &trigger->word) &&
		       (trigger->word != INJECT_ENTRY_SERROR ||
			inject_wrong(scan, "no CPU of this QEMU takes a physical SError: "
					   "nothing enters EL2 by one"));
	case FOLLOWS_FAULT:
		return inject_take_word(scan, "fault", fault_words, &trigger->word);
	case FOLLOWS_IRQ:
		return inject_take_word(scan, "level", irq_words, &trigger->word);
	case FOLLOWS_ACCESS:
		return inject_take_word(scan, "access", access_words, &trigger->word) &&
		       inject_take_place(scan, 1, UINT64_MAX / 2, &trigger->place);
	case FOLLOWS_REGISTER:
		return take_sysreg(scan, "", trigger);
	case FOLLOWS_TLBI:
		return take_sysreg(scan, "tlbi_", trigger);
	case FOLLOWS_BARRIER:
		return inject_take_word(scan, "barrier", barrier_words, &trigger->word);
	case FOLLOWS_TIME:
		return take_time(scan, &trigger->address);
	case FOLLOWS_NAME:
		return take_mark(scan, trigger);
	case FOLLOWS_NOTHING:
	case FOLLOWS_GENERAL:
	case FOLLOWS_PLACE:
	case FOLLOWS_PTE:
	case FOLLOWS_INDEX:
	case FOLLOWS_SECOND:
	case FOLLOWS_INTERRUPT:
	case FOLLOWS_DMA:
		break;
	}
	return true;
}

static bool take_trigger(struct inject_scan *scan, struct inject_trigger *trigger)
{
	unsigned int at = 0;

	*trigger = (struct inject_trigger){ .nth = 1 };
	if (!inject_take_word(scan, "trigger", trigger_words, &at)) {
		return false;
	}
	trigger->at = (enum inject_at)at;
	if (!take_trigger_rest(scan, trigger)) {
		return false;
	}
	if (scan->at != NULL && triggers[at].counts &&
	    !inject_take_number(scan, "the number of the occurrence", 1, UINT64_MAX / 2,
				&trigger->nth)) {
		return false;
	}
	return scan->at == NULL ||
	       inject_wrong(scan, "'%s' is too much behind '%s'", scan->at, trigger_words[at]);
}

static bool take_general(struct inject_scan *scan, unsigned int *index)
{
	const char *field = inject_next(scan);
	uint64_t number;

	if (field != NULL && strcmp(field, "sp") == 0) {
		*index = INJECT_REG_SP;
		return true;
	}
	if (field != NULL && field[0] == 'x' && inject_to_number(field + 1, &number) &&
	    number <= 30) {
		*index = (unsigned int)number;
		return true;
	}
	return inject_wrong(scan,
			    "there is no register '%s'; there are x0 to x30 and sp (for PSTATE: "
			    "do=pstate)",
			    field != NULL ? field : "");
}

static bool take_pte(struct inject_scan *scan, struct inject_fault *fault)
{
	char *field;
	char *slash;

	fault->level = -1;
	if (!inject_take_word(scan, "table", table_words, &fault->word)) {
		return false;
	}
	field = inject_next(scan);
	if (field == NULL) {
		return inject_wrong(scan, "an address is missing behind '%s:'",
				    table_words[fault->word]);
	}
	slash = strchr(field, '/');
	if (slash != NULL) {
		*slash++ = '\0';
		if (slash[0] < '0' || slash[0] > '3' || slash[1] != '\0') {
			return inject_wrong(scan, "a table's level is 0 to 3, not '%s'", slash);
		}
		fault->level = slash[0] - '0';
	}
	return inject_to_number(field, &fault->place.address) ||
	       inject_wrong(scan, "address '%s' is no number", field);
}

static bool take_target_rest(struct inject_scan *scan, struct inject_fault *fault)
{
	switch (targets[fault->what].follows) {
	case FOLLOWS_GENERAL:
		return take_general(scan, &fault->index);
	case FOLLOWS_PLACE:
		return inject_take_place(scan, 8, 8, &fault->place);
	case FOLLOWS_PTE:
		return take_pte(scan, fault);
	case FOLLOWS_INDEX:
		return inject_take_index(scan, "the number of the register", 0, 17, &fault->index);
	case FOLLOWS_SECOND:
		fault->index = 1;
		if (scan->at != NULL &&
		    !inject_take_index(scan, "which register", 1, 2, &fault->index)) {
			return false;
		}
		fault->index--;
		return true;
	case FOLLOWS_INTERRUPT:
		if (!inject_take_word(scan, "what to do to an interrupt", interrupt_words,
				      &fault->word)) {
			return false;
		}
		return fault->word != INJECT_INTERRUPT_RAISE ||
		       inject_take_index(scan, "the interrupt", 0, 1019, &fault->index);
	case FOLLOWS_DMA:
		return inject_take_word(scan, "direction", dma_words, &fault->word) &&
		       inject_take_place(scan, 8, 4096, &fault->place);
	case FOLLOWS_NOTHING:
	case FOLLOWS_WHERE:
	case FOLLOWS_SYMBOL:
	case FOLLOWS_ADDRESS:
	case FOLLOWS_CALL:
	case FOLLOWS_ENTRY:
	case FOLLOWS_FAULT:
	case FOLLOWS_IRQ:
	case FOLLOWS_ACCESS:
	case FOLLOWS_REGISTER:
	case FOLLOWS_TLBI:
	case FOLLOWS_BARRIER:
	case FOLLOWS_TIME:
	case FOLLOWS_NAME:
		break;
	}
	return true;
}

static bool take_target(struct inject_scan *scan, struct inject_fault *fault)
{
	unsigned int what = 0;

	if (!inject_take_word(scan, "target", target_words, &what)) {
		return false;
	}
	fault->what = (enum inject_do)what;
	if (!take_target_rest(scan, fault)) {
		return false;
	}
	return scan->at == NULL ||
	       inject_wrong(scan, "'%s' is too much behind '%s'", scan->at, target_words[what]);
}

static bool find_named(const struct named *names, const char *word, uint64_t *value)
{
	for (; names->name != NULL; names++) {
		if (strcmp(names->name, word) == 0) {
			*value = names->value;
			return true;
		}
	}
	return false;
}

/* One of "3", "8-15", "valid". */
static bool to_bits(const char *text, const struct named *names, uint64_t *mask)
{
	char low[WORD_BYTES];
	const char *dash = strchr(text, '-');
	uint64_t first;
	uint64_t last;

	snprintf(low, sizeof(low), "%.*s", dash != NULL ? (int)(dash - text) : (int)strlen(text),
		 text);
	if (find_named(names, text, &first)) {
		last = first;
	} else if (!inject_to_number(low, &first)) {
		return false;
	} else if (dash == NULL) {
		last = first;
	} else if (!inject_to_number(dash + 1, &last)) {
		return false;
	}
	if (first > last || last > 63) {
		return false;
	}
	*mask |= (UINT64_MAX >> (63 - last)) & (UINT64_MAX << first);
	return true;
}

static bool parse_model(struct inject_scan *scan, unsigned int model, char *text,
			struct inject_fault *fault)
{
	const struct named *names = fault->what == INJECT_DO_PSTATE ? pstate_bits :
				    fault->what == INJECT_DO_PTE    ? pte_bits :
								      no_names;
	char *save = NULL;
	char *part;

	fault->model = (enum inject_model)model;
	if (model == INJECT_MODEL_VALUE) {
		return (fault->what == INJECT_DO_OPCODE &&
			find_named(opcodes, text, &fault->value)) ||
		       inject_to_number(text, &fault->value) ||
		       inject_wrong(scan, "value '%s' is no number", text);
	}
	for (part = strtok_r(text, "+", &save); part != NULL; part = strtok_r(NULL, "+", &save)) {
		if (!to_bits(part, names, &fault->bits)) {
			return inject_wrong(
				scan, "'%s' is no bit of do=%s: bits are like 3, 3+7 or 8-15%s",
				part, target_words[fault->what],
				names != no_names ? ", or names" : "");
		}
	}
	return fault->bits != 0 || inject_wrong(scan, "%s= has no bits", model_words[model]);
}

/* The words of one fault, found by their keys. */
enum key { KEY_AT, KEY_DO, KEY_FOR, KEY_WHO, KEY_CPU, KEY_FROM, KEY_UNTIL, KEY_MODEL, KEY_COUNT };

static const char *const key_words[] = { "at", "do", "for", "who", "cpu", "from", "until", NULL };

static bool split(struct inject_scan *scan, char *text, char **values, unsigned int *model)
{
	char *save = NULL;
	char *word;
	char *equals;
	unsigned int key = 0;

	for (word = strtok_r(text, " \t\n", &save); word != NULL;
	     word = strtok_r(NULL, " \t\n", &save)) {
		equals = strchr(word, '=');
		if (equals != NULL) {
			*equals = '\0';
		}
		if (inject_is_one_of(word, model_words, model)) {
			key = KEY_MODEL;
		} else if (!inject_is_one_of(word, key_words, &key)) {
			return inject_wrong(
				scan,
				"'%s' is no word of a fault; there are at, do, flip, set, "
				"clear, value, for, who, cpu, from, until",
				word);
		}
		if (equals == NULL || equals[1] == '\0') {
			return inject_wrong(scan, "'%s' needs a value: %s=", word, word);
		}
		if (values[key] != NULL) {
			return inject_wrong(scan, "'%s' is given twice", word);
		}
		values[key] = equals + 1;
	}
	return values[KEY_AT] != NULL ?
		       values[KEY_DO] != NULL || inject_wrong(scan, "'do=' is missing") :
		       inject_wrong(scan, "'at=' is missing");
}

static bool parse_shots(struct inject_scan *scan, const char *text, uint64_t *shots)
{
	if (text == NULL || strcmp(text, "once") == 0) {
		*shots = 1;
	} else if (strcmp(text, "ever") == 0) {
		*shots = INJECT_EVER;
	} else if (!inject_to_number(text, shots) || *shots == 0 || *shots == INJECT_EVER) {
		return inject_wrong(scan, "for= is once, ever or a number of times, not '%s'",
				    text);
	}
	return true;
}

static bool parse_who(struct inject_scan *scan, char *who, char *cpu, struct inject_fault *fault)
{
	unsigned int word = INJECT_IN_ANYWHERE;
	uint64_t number;

	if (who != NULL) {
		scan->at = who;
		if (!inject_take_word(scan, "who", where_words, &word)) {
			return false;
		}
	}
	fault->who = (enum inject_where)word;
	fault->cpu = INJECT_CPU_ANY;
	if (cpu != NULL) {
		if (!inject_to_number(cpu, &number) || number > 255) {
			return inject_wrong(scan, "cpu= is a vCPU's number from 0 on, not '%s'",
					    cpu);
		}
		fault->cpu = (int)number;
	}
	return true;
}

static bool parse_fault(struct inject_scan *scan, char *text, struct inject_fault *fault)
{
	char *values[KEY_COUNT] = { NULL };
	unsigned int model = 0;
	const char *why;

	*fault = (struct inject_fault){ .level = -1 };
	if (!split(scan, text, values, &model)) {
		return false;
	}
	scan->at = values[KEY_AT];
	if (!take_trigger(scan, &fault->at)) {
		return false;
	}
	scan->at = values[KEY_DO];
	if (!take_target(scan, fault)) {
		return false;
	}
	fault->gated = values[KEY_FROM] != NULL;
	scan->at = values[KEY_FROM];
	if (fault->gated && !take_trigger(scan, &fault->from)) {
		return false;
	}
	fault->ends = values[KEY_UNTIL] != NULL;
	scan->at = values[KEY_UNTIL];
	if (fault->ends && !take_trigger(scan, &fault->until)) {
		return false;
	}
	if (targets[fault->what].has_model != (values[KEY_MODEL] != NULL)) {
		return inject_wrong(scan, "do=%s %s", target_words[fault->what],
				    values[KEY_MODEL] != NULL ?
					    "takes no flip, set, clear or value" :
					    "needs one of flip, set, clear, value");
	}
	if (values[KEY_MODEL] != NULL && !parse_model(scan, model, values[KEY_MODEL], fault)) {
		return false;
	}
	if (!parse_shots(scan, values[KEY_FOR], &fault->shots) ||
	    !parse_who(scan, values[KEY_WHO], values[KEY_CPU], fault)) {
		return false;
	}
	why = inject_impossible(fault);
	return why == NULL || inject_wrong(scan, "at=%s do=%s: %s", trigger_words[fault->at.at],
					   target_words[fault->what], why);
}

bool inject_parse(const char *text, inject_lookup lookup, void *symbols,
		  struct inject_fault *faults, size_t *count, char *error)
{
	struct inject_scan scan = { .lookup = lookup, .symbols = symbols, .error = error };
	char *copy = strdup(text);
	char *save = NULL;
	char *one;
	bool ok = copy != NULL;
	int watches = 1;

	*count = 0;
	error[0] = '\0';
	for (one = ok ? strtok_r(copy, ";", &save) : NULL; ok && one != NULL;
	     one = strtok_r(NULL, ";", &save)) {
		if (one[strspn(one, " \t\n")] == '\0') {
			continue;
		}
		if (*count == INJECT_FAULTS_MAX) {
			ok = inject_wrong(&scan, "at most %d faults in one run", INJECT_FAULTS_MAX);
			break;
		}
		ok = parse_fault(&scan, one, &faults[*count]);
		watches += ok ? 1 + faults[*count].gated + faults[*count].ends : 0;
		*count += ok;
	}
	if (ok && watches > INJECT_WATCHES_MAX) {
		ok = inject_wrong(&scan, "at most %d triggers in one run", INJECT_WATCHES_MAX - 1);
	}
	if (ok && *count == 0) {
		ok = inject_wrong(&scan, "no fault is given: at=... do=...");
	}
	free(copy);
	return ok;
}

bool inject_parse_trigger(const char *text, inject_lookup lookup, void *symbols,
			  struct inject_trigger *trigger, char *error)
{
	struct inject_scan scan = { .lookup = lookup, .symbols = symbols, .error = error };
	char *copy = strdup(text);
	bool ok;

	scan.at = copy;
	ok = copy != NULL && take_trigger(&scan, trigger);
	free(copy);
	return ok;
}

bool inject_parse_ranges(const char *text, inject_lookup lookup, void *symbols,
			 struct inject_place *ranges, size_t max, size_t *count, char *error)
{
	struct inject_scan scan = { .lookup = lookup, .symbols = symbols, .error = error };
	char *copy = strdup(text);
	char *save = NULL;
	char *one;
	bool ok = copy != NULL;

	*count = 0;
	for (one = ok ? strtok_r(copy, "+", &save) : NULL; ok && one != NULL;
	     one = strtok_r(NULL, "+", &save)) {
		scan.at = one;
		if (*count == max) {
			ok = inject_wrong(&scan, "at most %zu ranges", max);
		} else {
			ok = inject_take_place(&scan, 8, UINT32_MAX, &ranges[*count]);
		}
		if (ok && ranges[*count].kind != INJECT_PLACE_PA &&
		    ranges[*count].kind != INJECT_PLACE_SYMBOL) {
			ok = inject_wrong(&scan,
					  "a range is pa:ADDRESS/BYTES or symbol:NAME/BYTES");
		}
		*count += ok;
	}
	free(copy);
	return ok;
}

const char *inject_at_word(enum inject_at at)
{
	return trigger_words[at];
}

const char *inject_do_word(enum inject_do what)
{
	return target_words[what];
}
