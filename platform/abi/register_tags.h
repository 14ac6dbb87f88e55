/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values by which a guest marks its registers, so that whoever sees one knows whose it is:
 * guest/bare/registers.c writes them, platform/host/attack/spy.c looks for them.
 *
 * Plain preprocessor numbers only: C and Python read this file.
 */
#ifndef ABI_REGISTER_TAGS_H
#define ABI_REGISTER_TAGS_H

#define REGISTER_TAG_HIGH 0x7a675eed /* bits 63:32 of every tag */
#define REGISTER_TAG_LOW 0xc0de0000  /* bits 31:16; bits 15:8 the kind, 7:0 the number */

#define REGISTER_TAG_X 1      /* general registers */
#define REGISTER_TAG_V 2      /* low half of a vector register */
#define REGISTER_TAG_V_HIGH 3 /* its high half */
#define REGISTER_TAG_SYSTEM 4 /* system registers, in the order of guest/bare/registers.c */

#endif /* ABI_REGISTER_TAGS_H */
