/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMM's command: options in, exit code out. The only place that ends the process. */
#include <stdio.h>

#include "vmm/control.h"
#include "vmm/exit_code.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/options.h"

#define VERSION_TEXT "vmm 0.1 (Terrarium)\n"

static enum exit_code run(const struct options *options)
{
	g_autoptr(GError) error = NULL;
	enum exit_code code = EXIT_CODE_STOP;
	bool done;

	log_set_level(options->log_level);
	done = options->dump_dtb != NULL ? machine_dump_dtb(options, &error) :
					   machine_run(options, &code, &error);
	if (!done) {
		log_error("%s", error->message);
		return EXIT_CODE_START_FAILED;
	}
	return code;
}

/* 0 if the VMM did what was asked for, else 1. */
static enum exit_code control(const struct options *options)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;

	if (!control_ask(options->control, options->command, &answer, &error)) {
		log_error("%s", error->message);
		return EXIT_CODE_START_FAILED;
	}
	puts(answer);
	return control_answer_is_ok(answer) ? EXIT_CODE_STOP : EXIT_CODE_START_FAILED;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options *options = options_parse(argc, argv, &error);
	enum exit_code code = EXIT_CODE_STOP;
	g_autofree char *help = NULL;

	if (options == NULL) {
		log_error("%s", error->message);
		return EXIT_CODE_BAD_ARGUMENTS;
	}
	switch (options->action) {
	case OPTIONS_HELP:
		help = options_help();
		fputs(help, stdout);
		break;
	case OPTIONS_VERSION:
		fputs(VERSION_TEXT, stdout);
		break;
	case OPTIONS_CONTROL:
		code = control(options);
		break;
	case OPTIONS_RUN:
		code = run(options);
		break;
	}
	options_free(options);
	return (int)code;
}
