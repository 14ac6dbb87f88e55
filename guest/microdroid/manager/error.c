/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/error.h"

#include <stdbool.h>

#include "guest/microdroid/lib/failure.h"

G_DEFINE_QUARK(manager_error, manager_error)

struct words {
	enum avf_error_code code;
	const char *reason;
};

static const struct words all_words[] = {
	[MANAGER_ERROR_NOT_CONNECTED] = { AVF_ERROR_CODE_UNKNOWN, FAILURE_NOT_CONNECTED },
	[MANAGER_ERROR_PAYLOAD_CHANGED] = { AVF_ERROR_CODE_PAYLOAD_CHANGED,
					    FAILURE_PAYLOAD_CHANGED },
	[MANAGER_ERROR_PAYLOAD_VERIFICATION] = { AVF_ERROR_CODE_PAYLOAD_VERIFICATION_FAILED,
						 FAILURE_PAYLOAD_VERIFICATION },
	[MANAGER_ERROR_INVALID_CONFIG] = { AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG,
					   FAILURE_INVALID_CONFIG },
	[MANAGER_ERROR_RUNTIME] = { AVF_ERROR_CODE_UNKNOWN, FAILURE_UNKNOWN },
};

static const struct words *words_of(const GError *error)
{
	bool ours = error->domain == MANAGER_ERROR && error->code >= 0 &&
		    error->code < (int)G_N_ELEMENTS(all_words);

	return &all_words[ours ? error->code : MANAGER_ERROR_RUNTIME];
}

enum avf_error_code manager_error_code(const GError *error)
{
	return words_of(error)->code;
}

const char *manager_error_reason(const GError *error)
{
	return words_of(error)->reason;
}
