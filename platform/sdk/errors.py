# SPDX-License-Identifier: GPL-2.0-or-later
"""The one exception of the set-up: a sentence for the user, nothing else."""

import errno


class SdkError(Exception):
    """Something the user can act on. Its text is one sentence."""


def explain_os_error(error: OSError, doing: str) -> SdkError:
    """Turn a system error met while `doing` something into a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SdkError(f"no disk space left while {doing}: free some, then run the same again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return SdkError(f"no permission while {doing}: {error.strerror} ({error.filename})")
    return SdkError(f"failed while {doing}: {error}")
