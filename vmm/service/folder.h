/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of one run or one machine, which hold files and no folders. */
#ifndef SERVICE_FOLDER_H
#define SERVICE_FOLDER_H

/* Remove a folder and the files in it. What cannot be removed, or is a folder, stays. */
void folder_remove(const char *path);

/* Remove the folders in @path whose name begins with @prefix, likewise. */
void folder_remove_all(const char *path, const char *prefix);

#endif /* SERVICE_FOLDER_H */
