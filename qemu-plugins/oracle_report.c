/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a run: a breach and all that is known of it, or what was judged in silence. */
#include <stdio.h>
#include <unistd.h>

#include "qemu-plugins/common/calls.h"
#include "qemu-plugins/oracle.h"
#include "qemu-plugins/oracle_except.h"
#include "qemu-plugins/oracle_tables.h"

#define SENTENCE_BYTES 1024

static const char *how_text(uint8_t how)
{
	static const char *const texts[HOW_COUNT] = {
		[HOW_UNKNOWN] = "it is not known how",
		[HOW_START] = "from the start",
		[HOW_FOUND] = "found so when the oracle began to watch",
		[HOW_GIVEN] = "the host gave it",
		[HOW_EL2_MAPS] = "EL2 maps it for itself",
		[HOW_EL2_TABLE] = "it is a translation table in use",
		[HOW_EL2_RUNS] = "EL2 executes it",
		[HOW_CAME_BACK] = "its owner before lost it, clean",
	};

	return how < HOW_COUNT ? texts[how] : texts[HOW_UNKNOWN];
}

static void add_number(GString *json, const char *name, uint64_t value)
{
	if (value == ORACLE_NONE) {
		g_string_append_printf(json, "  \"%s\": null,\n", name);
	} else {
		g_string_append_printf(json, "  \"%s\": \"0x%lx\",\n", name, value);
	}
}

/* What was judged, behind all else. Closes the object and writes it to out=. */
static void write_out(GString *json)
{
	static const char *const separators[] = { "", "+", "+" };
	FILE *file;
	size_t i;

	g_string_append(json, "  \"tiers\": \"");
	for (i = 0; i < G_N_ELEMENTS(oracle.tiers); i++) {
		if (oracle.tiers[i]) {
			g_string_append_printf(json, "%s%c", separators[i], (char)('a' + i));
		}
	}
	g_string_append_printf(json, "\",\n  \"returns\": %lu,\n  \"pages\": %lu,\n",
			       oracle.judged_returns, oracle.judged_pages);
	oracle_except_json(json);
	g_string_append(json, "\n}\n");
	file = fopen(oracle.out, "w");
	if (file == NULL || fputs(json->str, file) < 0 || fclose(file) != 0) {
		plugin_say("oracle", "cannot write out=%s", oracle.out);
	}
}

void oracle_silent(void)
{
	g_autoptr(GString) json = g_string_new("{\n  \"tier\": \"\",\n  \"what\": null,\n");

	if (oracle.out != NULL) {
		write_out(json);
	}
}

/* Our own sentences have no characters that JSON would escape. */
static void write_json(const struct oracle_breach *breach, const char *who, const char *owner,
		       const char *how, const char *sentence)
{
	g_autoptr(GString) json = g_string_new("{\n");

	g_string_append_printf(json, "  \"tier\": \"%c\",\n  \"rule\": \"%s\",\n", breach->tier,
			       breach->rule);
	g_string_append_printf(json, "  \"what\": \"%s\",\n  \"who\": \"%s\",\n", sentence, who);
	g_string_append_printf(json, "  \"vcpu\": %u,\n  \"el\": %u,\n", breach->vcpu, breach->el);
	add_number(json, "pc", breach->pc);
	add_number(json, "va", breach->va);
	add_number(json, "ipa", breach->ipa);
	add_number(json, "pa", breach->pa);
	add_number(json, "vmid",
		   oracle_vm(breach->party) != NULL ? oracle_vm(breach->party)->vmid :
		   breach->party == PARTY_HOST      ? tables.host_vmid :
						      ORACLE_NONE);
	g_string_append_printf(json, "  \"owner\": \"%s\",\n  \"how\": \"%s\",\n", owner, how);
	write_out(json);
}

/* Where a VM has the page that it owns; its own tables say. */
static uint64_t owners_ipa(struct oracle_page page, uint64_t pa)
{
	const struct oracle_vm *vm = oracle_vm(page.owner);

	return vm != NULL ? vm_ipa_of(vm, pa & ~(ORACLE_PAGE_BYTES - 1)) : ORACLE_NONE;
}

void oracle_breach(const struct oracle_breach *found)
{
	static gsize is_said;
	struct oracle_breach whole = *found;
	const struct oracle_breach *breach = &whole;
	struct oracle_page page = breach->pa != ORACLE_NONE ? oracle_page(breach->pa) :
							      (struct oracle_page){ 0 };
	char who[64];
	char owner[64];
	char how[128];
	g_autoptr(GString) text = g_string_sized_new(SENTENCE_BYTES);

	/* The first breach counts; another thread's waits for the end of the process. */
	while (!g_once_init_enter(&is_said)) {
		pause();
	}
	if (whole.ipa == ORACLE_NONE) {
		whole.ipa = owners_ipa(page, whole.pa);
	}
	oracle_party_text(breach->party, who, sizeof(who));
	oracle_party_text(page.owner, owner, sizeof(owner));
	snprintf(how, sizeof(how), "%s%s%s", how_text(page.how), page.call != 0 ? ", call " : "",
		 page.call != 0 ? calls_table[page.call - 1].name : "");
	g_string_printf(text, "tier %c, %s: %s %s", breach->tier, breach->rule, who, breach->what);
	if (breach->pa != ORACLE_NONE) {
		g_string_append_printf(text, "; PA 0x%lx", breach->pa);
	}
	if (breach->ipa != ORACLE_NONE) {
		g_string_append_printf(text, ", IPA 0x%lx", breach->ipa);
	}
	if (breach->va != ORACLE_NONE) {
		g_string_append_printf(text, ", VA 0x%lx", breach->va);
	}
	if (breach->pa != ORACLE_NONE && oracle_is_ram(breach->pa)) {
		g_string_append_printf(text, ", owned by %s (%s)", owner, how);
	}
	if (breach->pc != ORACLE_NONE) {
		g_string_append_printf(text, "; vCPU %u at PC 0x%lx, EL%u", breach->vcpu,
				       breach->pc, breach->el);
	}
	if (oracle.out != NULL) {
		write_json(breach, who, owner, how, text->str);
	}
	plugin_end("oracle", PLUGIN_EXIT_BREACH, "%s", text->str);
}
