/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The app layer on the machine, by the names of AVF's own tests (MicrodroidTests), many in one boot of the host:
 *
 *   avf-test KIND FOLDER APKS GROUP...   KIND: protected or normal; FOLDER: for machines' files; APKS: folder of the
 *                                        packages test_service.apk, text_service.apk and echo_reverse.apk (guest/payload)
 *
 * A group is "config", "files", "life", "permission", "payloads", "faults", "service_killed", or, with the packages
 * benchmark.apk and hello.apk, "bench" or "least_memory"; "hold" is for "faults". Each test says what it saw in one line or more of
 * platform/abi/guest_report.h, "value NAME key=value...": 0 for what went well, else a code of AvfError. It judges
 * nothing: scenarios do. What it cannot even try ends it with a sentence and status 1.
 */
#include "vmm/libavf/tools/avf_test.h"

#include <string.h>

static void group(const struct test *t, const char *name)
{
	static const struct {
		const char *name;
		void (*tests)(const struct test *t);
	} groups[] = {
		{ "config", config_tests },    { "files", file_tests },
		{ "life", life_tests },        { "permission", permission_tests },
		{ "payloads", payload_tests }, { "bench", bench_tests },
		{ "faults", fault_tests },     { "service_killed", service_killed_tests },
		{ "hold", hold_tests },        { "least_memory", least_memory_tests },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
		if (strcmp(groups[i].name, name) == 0) {
			groups[i].tests(t);
			return;
		}
	}
	give_up("no such group", name);
}

int main(int argc, char **argv)
{
	struct test t = { 0 };
	GError *error = NULL;

	if (argc < 5) {
		give_up("usage", "avf-test protected|normal FOLDER APKS GROUP...");
	}
	t.protected_vm = strcmp(argv[1], "protected") == 0;
	t.folder = argv[2];
	t.packages = argv[3];
	t.manager = avf_manager_new(t.folder, &error);
	must(error, "AVF is not there");
	for (int i = 4; i < argc; i++) {
		group(&t, argv[i]);
	}
	g_object_unref(t.manager);
	return 0;
}
