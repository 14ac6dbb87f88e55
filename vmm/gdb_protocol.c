/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/gdb_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#define INTERRUPT 0x03
#define SIGNAL_TRAP 5
#define REGISTER_BYTES(number) ((number) == GDB_REGISTER_CPSR ? 4U : 8U)
#define MEMORY_BYTES_MAX (GDB_PACKET_BYTES_MAX / 2)

/* GDB's feature by its name alone would do; but then a debugger without an architecture takes its own. */
static const char target_xml[] =
	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
	"<architecture>aarch64</architecture><xi:include href=\"core.xml\"/></target>";

static char *core_xml(void)
{
	GString *text = g_string_new("<?xml version=\"1.0\"?><!DOCTYPE feature SYSTEM "
				     "\"gdb-target.dtd\">"
				     "<feature name=\"org.gnu.gdb.aarch64.core\">");

	for (unsigned i = 0; i <= 30; i++) {
		g_string_append_printf(text, "<reg name=\"x%u\" bitsize=\"64\"/>", i);
	}
	g_string_append(text, "<reg name=\"sp\" bitsize=\"64\" type=\"data_ptr\"/>"
			      "<reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\"/>"
			      "<reg name=\"cpsr\" bitsize=\"32\"/></feature>");
	return g_string_free(text, FALSE);
}

/* ---- Answers ------------------------------------------------------------------------------ */

static void add_bytes(struct gdb_protocol *p, const char *bytes, size_t count)
{
	count = MIN(count, GDB_PACKET_BYTES_MAX - p->answer_used);
	memcpy(p->answer + p->answer_used, bytes, count);
	p->answer_used += count;
}

static void add(struct gdb_protocol *p, const char *text)
{
	add_bytes(p, text, strlen(text));
}

static void add_hex(struct gdb_protocol *p, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;
	char digits[3];

	for (size_t i = 0; i < count; i++) {
		snprintf(digits, sizeof(digits), "%02x", at[i]);
		add(p, digits);
	}
}

static void add_number(struct gdb_protocol *p, const char *format, uint64_t number)
	G_GNUC_PRINTF(2, 0);

static void add_number(struct gdb_protocol *p, const char *format, uint64_t number)
{
	char text[64];

	snprintf(text, sizeof(text), format, (unsigned long long)number);
	add(p, text);
}

static void send_answer(struct gdb_protocol *p)
{
	char frame[GDB_PACKET_BYTES_MAX + 8];
	unsigned sum = 0;
	int length;

	p->answer[p->answer_used] = '\0';
	for (size_t i = 0; i < p->answer_used; i++) {
		sum += (unsigned char)p->answer[i];
	}
	length = snprintf(frame, sizeof(frame), "$%s#%02x", p->answer, sum & 0xff);
	p->target->send(p->target->opaque, frame, (size_t)length);
}

static void answer_error(struct gdb_protocol *p)
{
	add(p, "E01");
}

static void answer_bool(struct gdb_protocol *p, bool done)
{
	add(p, done ? "OK" : "E01");
}

static void answer_stop(struct gdb_protocol *p)
{
	add_number(p, "T%02llx", SIGNAL_TRAP);
	add_number(p, "thread:%llx;", p->stopped + 1);
	if (p->cause != NULL) {
		add(p, p->cause);
		add_number(p, "%llx;", p->cause_at);
	}
}

/* ---- Questions ---------------------------------------------------------------------------- */

/* A hexadecimal number at *@text, which moves behind it; false: there is none. */
static bool take_number(const char **text, uint64_t *number)
{
	char *end;

	if (!g_ascii_isxdigit(**text)) {
		return false;
	}
	*number = g_ascii_strtoull(*text, &end, 16);
	*text = end;
	return true;
}

static bool take(const char **text, char c)
{
	if (**text != c) {
		return false;
	}
	(*text)++;
	return true;
}

/* @count bytes of two digits each. */
static bool take_hex(const char **text, void *bytes, size_t count)
{
	uint8_t *at = bytes;

	for (size_t i = 0; i < count; i++) {
		int high = g_ascii_xdigit_value((*text)[0]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value((*text)[1]);

		if (low < 0) {
			return false;
		}
		at[i] = (uint8_t)(high << 4 | low);
		*text += 2;
	}
	return true;
}

/* A thread: -1 all, 0 any. False: there is no such vCPU. */
static bool take_thread(struct gdb_protocol *p, const char **text, int *thread)
{
	uint64_t number;

	if (take(text, '-')) {
		*thread = -1;
		return take(text, '1');
	}
	if (!take_number(text, &number) || number > p->target->cpus(p->target->opaque)) {
		return false;
	}
	*thread = (int)number;
	return true;
}

static bool add_register(struct gdb_protocol *p, unsigned number)
{
	uint64_t value;

	if (number >= GDB_REGISTERS ||
	    !p->target->get(p->target->opaque, p->current, number, &value)) {
		return false;
	}
	value = GUINT64_TO_LE(value);
	add_hex(p, &value, REGISTER_BYTES(number));
	return true;
}

static bool take_register(struct gdb_protocol *p, unsigned number, const char **text)
{
	uint64_t value = 0;

	return number < GDB_REGISTERS && take_hex(text, &value, REGISTER_BYTES(number)) &&
	       p->target->set(p->target->opaque, p->current, number, GUINT64_FROM_LE(value));
}

static void read_registers(struct gdb_protocol *p, const char *text)
{
	(void)text;
	for (unsigned i = 0; i < GDB_REGISTERS; i++) {
		if (!add_register(p, i)) {
			p->answer_used = 0;
			answer_error(p);
			return;
		}
	}
}

static void write_registers(struct gdb_protocol *p, const char *text)
{
	bool done = true;

	for (unsigned i = 0; i < GDB_REGISTERS && done; i++) {
		done = take_register(p, i, &text);
	}
	answer_bool(p, done);
}

static void read_register(struct gdb_protocol *p, const char *text)
{
	uint64_t number;

	if (!take_number(&text, &number) || number > UINT_MAX ||
	    !add_register(p, (unsigned)number)) {
		answer_error(p);
	}
}

static void write_register(struct gdb_protocol *p, const char *text)
{
	uint64_t number;

	answer_bool(p, take_number(&text, &number) && number < GDB_REGISTERS && take(&text, '=') &&
			       take_register(p, (unsigned)number, &text));
}

/* "ADDRESS,BYTES", and no more than an answer holds. */
static bool take_range(const char **text, uint64_t *at, uint64_t *bytes)
{
	return take_number(text, at) && take(text, ',') && take_number(text, bytes) &&
	       *bytes <= MEMORY_BYTES_MAX;
}

static void read_memory(struct gdb_protocol *p, const char *text)
{
	uint8_t bytes[MEMORY_BYTES_MAX];
	uint64_t at, count;

	if (take_range(&text, &at, &count) &&
	    p->target->read(p->target->opaque, p->current, at, bytes, count)) {
		add_hex(p, bytes, count);
	} else {
		answer_error(p);
	}
}

static void write_memory(struct gdb_protocol *p, const char *text)
{
	uint8_t bytes[MEMORY_BYTES_MAX];
	uint64_t at, count;

	answer_bool(p, take_range(&text, &at, &count) && take(&text, ':') &&
			       take_hex(&text, bytes, count) &&
			       p->target->write(p->target->opaque, p->current, at, bytes, count));
}

/* Z and z: "KIND,ADDRESS,BYTES". */
static void change_breakpoint(struct gdb_protocol *p, const char *text, bool insert)
{
	uint64_t kind, at, bytes;

	if (!take_number(&text, &kind) || !take(&text, ',') || !take_range(&text, &at, &bytes)) {
		answer_error(p);
	} else if (kind <= GDB_WATCHPOINT_ACCESS) {
		answer_bool(p, (insert ? p->target->insert :
					 p->target->remove)(p->target->opaque, p->current,
							    (enum gdb_breakpoint)kind, at, bytes));
	}
}

static void insert_breakpoint(struct gdb_protocol *p, const char *text)
{
	change_breakpoint(p, text, true);
}

static void remove_breakpoint(struct gdb_protocol *p, const char *text)
{
	change_breakpoint(p, text, false);
}

/* ---- Running ------------------------------------------------------------------------------ */

static void resume(struct gdb_protocol *p, int step, bool others)
{
	p->running = true;
	p->target->resume(p->target->opaque, step, others);
}

/* c (all run), s (one steps) and those with a signal: from another address on, if one is there. */
static void go_on(struct gdb_protocol *p, const char *text, bool has_signal, int step)
{
	uint64_t number;

	if (has_signal && (!take_number(&text, &number) || (*text != '\0' && !take(&text, ';')))) {
		answer_error(p);
		return;
	}
	if (take_number(&text, &number) &&
	    !p->target->set(p->target->opaque, p->current, GDB_REGISTER_PC, number)) {
		answer_error(p);
		return;
	}
	resume(p, step, step < 0);
}

static void continue_at(struct gdb_protocol *p, const char *text)
{
	go_on(p, text, false, -1);
}

static void continue_signal(struct gdb_protocol *p, const char *text)
{
	go_on(p, text, true, -1);
}

static void step_at(struct gdb_protocol *p, const char *text)
{
	go_on(p, text, false, (int)p->current);
}

static void step_signal(struct gdb_protocol *p, const char *text)
{
	go_on(p, text, true, (int)p->current);
}

/*
 * vCont;ACTION[:THREAD]...: an action without a thread is of all that have none of their own. One vCPU at most is
 * stepped, the others stand or run: GDB asks for no more (a step of all is one of the current vCPU).
 */
static void continue_verbose(struct gdb_protocol *p, const char *text)
{
	int step = -1;
	bool others = false;

	while (take(&text, ';')) {
		char action = *text;
		uint64_t signal;
		int thread = 0;

		if (action == '\0' || strchr("cCsS", action) == NULL) {
			answer_error(p);
			return;
		}
		text++;
		if ((g_ascii_isupper(action) && !take_number(&text, &signal)) ||
		    (take(&text, ':') && !take_thread(p, &text, &thread))) {
			answer_error(p);
			return;
		}
		if (g_ascii_tolower(action) == 'c') {
			others = true;
		} else if (step < 0) {
			step = thread > 0 ? thread - 1 : (int)p->current;
		}
	}
	if (*text != '\0' || (step < 0 && !others)) {
		answer_error(p);
		return;
	}
	resume(p, step, others);
}

static void verbose(struct gdb_protocol *p, const char *text)
{
	if (strcmp(text, "Cont?") == 0) {
		add(p, "vCont;c;C;s;S");
	} else if (g_str_has_prefix(text, "Cont;")) {
		continue_verbose(p, text + strlen("Cont"));
	}
}

/* ---- The rest ----------------------------------------------------------------------------- */

static void why(struct gdb_protocol *p, const char *text)
{
	(void)text;
	answer_stop(p);
}

/* H: which thread the following is about. */
static void choose_thread(struct gdb_protocol *p, const char *text)
{
	int thread;

	if (*text++ == '\0' || !take_thread(p, &text, &thread)) {
		answer_error(p);
		return;
	}
	if (thread > 0) {
		p->current = (unsigned)thread - 1;
	}
	add(p, "OK");
}

static void is_alive(struct gdb_protocol *p, const char *text)
{
	int thread;

	answer_bool(p, take_thread(p, &text, &thread) && thread > 0);
}

static void list_threads(struct gdb_protocol *p)
{
	for (unsigned i = 0; i < p->target->cpus(p->target->opaque); i++) {
		add_number(p, i == 0 ? "m%llx" : ",%llx", i + 1);
	}
}

/* qXfer:features:read:NAME:OFFSET,BYTES */
static void read_features(struct gdb_protocol *p, const char *text)
{
	const char *colon = strchr(text, ':');
	g_autofree char *name = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : NULL;
	g_autofree char *content = NULL;
	uint64_t at, bytes;
	size_t length;

	if (name != NULL && strcmp(name, "target.xml") == 0) {
		content = g_strdup(target_xml);
	} else if (name != NULL && strcmp(name, "core.xml") == 0) {
		content = core_xml();
	}
	text = colon != NULL ? colon + 1 : text;
	if (content == NULL || !take_number(&text, &at) || !take(&text, ',') ||
	    !take_number(&text, &bytes)) {
		add(p, "E00");
		return;
	}
	length = strlen(content);
	at = MIN(at, length);
	bytes = MIN(MIN(bytes, length - at), GDB_PACKET_BYTES_MAX - 1);
	add(p, at + bytes < length ? "m" : "l");
	add_bytes(p, content + at, bytes);
}

static void question(struct gdb_protocol *p, const char *text)
{
	static const char features[] = "Xfer:features:read:";

	if (g_str_has_prefix(text, "Supported")) {
		add_number(p, "PacketSize=%llx", GDB_PACKET_BYTES_MAX);
		add(p, ";QStartNoAckMode+;qXfer:features:read+;vContSupported+");
	} else if (strcmp(text, "fThreadInfo") == 0) {
		list_threads(p);
	} else if (strcmp(text, "sThreadInfo") == 0) {
		add(p, "l");
	} else if (strcmp(text, "C") == 0) {
		add_number(p, "QC%llx", p->current + 1);
	} else if (g_str_has_prefix(text, "Attached")) {
		add(p, "1");
	} else if (g_str_has_prefix(text, features)) {
		read_features(p, text + strlen(features));
	}
}

static void setting(struct gdb_protocol *p, const char *text)
{
	if (strcmp(text, "StartNoAckMode") == 0) {
		p->no_acks = true;
		add(p, "OK");
	}
}

static void detach(struct gdb_protocol *p, const char *text)
{
	(void)text;
	add(p, "OK");
	send_answer(p);
	p->running = true;
	p->target->detach(p->target->opaque);
}

static void kill_machine(struct gdb_protocol *p, const char *text)
{
	(void)text;
	p->running = true;
	p->target->kill(p->target->opaque);
}

/* By a packet's first letter. What is not here gets the empty answer: not known. */
static const struct {
	char letter;
	void (*serve)(struct gdb_protocol *p, const char *text);
} table[] = {
	{ '?', why },           { 'g', read_registers },    { 'G', write_registers },
	{ 'p', read_register }, { 'P', write_register },    { 'm', read_memory },
	{ 'M', write_memory },  { 'Z', insert_breakpoint }, { 'z', remove_breakpoint },
	{ 'c', continue_at },   { 'C', continue_signal },   { 's', step_at },
	{ 'S', step_signal },   { 'v', verbose },           { 'H', choose_thread },
	{ 'T', is_alive },      { 'q', question },          { 'Q', setting },
	{ 'D', detach },        { 'k', kill_machine },
};

static void serve(struct gdb_protocol *p)
{
	p->answer_used = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].letter == p->packet[0]) {
			table[i].serve(p, p->packet + 1);
			break;
		}
	}
	/* Of a machine that runs there is nothing to be said until it stops; an error is told of one that was not let run. */
	if (!p->running) {
		send_answer(p);
	}
}

static void packet_ends(struct gdb_protocol *p)
{
	const char *digits = p->sum;
	unsigned sum = 0;
	uint8_t wanted;
	bool good;

	for (size_t i = 0; i < p->used; i++) {
		sum += (unsigned char)p->packet[i];
	}
	good = !p->is_too_long && take_hex(&digits, &wanted, 1) && wanted == (sum & 0xff);
	if (!p->no_acks) {
		p->target->send(p->target->opaque, good ? "+" : "-", 1);
	}
	/* While it runs only an interrupt is taken. */
	if ((good || p->no_acks) && !p->is_too_long && !p->running) {
		p->packet[p->used] = '\0';
		serve(p);
	}
}

static void receive_one(struct gdb_protocol *p, char c)
{
	switch (p->state) {
	case GDB_BETWEEN:
		if (c == '$') {
			p->state = GDB_INSIDE;
			p->used = 0;
			p->is_too_long = false;
		} else if (c == INTERRUPT && p->running) {
			p->target->interrupt(p->target->opaque);
		}
		break;
	case GDB_INSIDE:
		if (c == '#') {
			p->state = GDB_SUM_HIGH;
		} else if (p->used < GDB_PACKET_BYTES_MAX) {
			p->packet[p->used++] = c;
		} else {
			p->is_too_long = true;
		}
		break;
	case GDB_SUM_HIGH:
		p->sum[0] = c;
		p->state = GDB_SUM_LOW;
		break;
	case GDB_SUM_LOW:
		p->sum[1] = c;
		p->state = GDB_BETWEEN;
		packet_ends(p);
		break;
	}
}

void gdb_protocol_init(struct gdb_protocol *p, const struct gdb_target *target)
{
	*p = (struct gdb_protocol){ .target = target };
}

void gdb_receive(struct gdb_protocol *p, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		receive_one(p, bytes[i]);
	}
}

void gdb_stopped(struct gdb_protocol *p, unsigned cpu, enum gdb_breakpoint watched, uint64_t at)
{
	static const char *const causes[] = {
		[GDB_BREAKPOINT_SOFTWARE] = NULL,
		[GDB_WATCHPOINT_WRITE] = "watch:",
		[GDB_WATCHPOINT_READ] = "rwatch:",
		[GDB_WATCHPOINT_ACCESS] = "awatch:",
	};

	if (!p->running) {
		return;
	}
	p->running = false;
	p->current = p->stopped = cpu;
	p->cause = watched < G_N_ELEMENTS(causes) ? causes[watched] : NULL;
	p->cause_at = at;
	p->answer_used = 0;
	answer_stop(p);
	send_answer(p);
}

void gdb_exited(struct gdb_protocol *p, unsigned status)
{
	if (!p->running) {
		return;
	}
	p->answer_used = 0;
	add_number(p, "W%02llx", status);
	send_answer(p);
}
