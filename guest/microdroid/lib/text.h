/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small texts that the kernel gives: a device's uevent file. No GLib; pure but for read_file(). */
#ifndef GUEST_MICRODROID_LIB_TEXT_H
#define GUEST_MICRODROID_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The value of the line "NAME=value" of @text, up to its newline.
 *
 * Returns  false if there is no such line or @size is too small for the value.
 */
bool text_value(const char *text, const char *name, char *value, size_t size);

/*
 * A small file's content, terminated by 0.
 *
 * Returns  bytes without the 0; -1 with errno (EFBIG: @size is too small). @text is then "".
 */
ssize_t read_file(const char *path, char *text, size_t size);

#endif /* GUEST_MICRODROID_LIB_TEXT_H */
