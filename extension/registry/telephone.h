/*
 * Telephone numbers as people and lists write them, and the one form in which
 * they are kept: E.164, a plus and at most 15 digits.  Pure C.
 */
#ifndef PASSPORT_TELEPHONE_H
#define PASSPORT_TELEPHONE_H

#include <stddef.h>

#define TELEPHONE_INPUT_MAX 64 /* bytes: more is not read at all */
#define TELEPHONE_FORM_MAX 17  /* "+", the digits, the end */
#define TELEPHONE_SHOWN_MAX 24

/*
 * TelephoneFault writes the form of a number on which a person can be called,
 * and returns NULL, or a word for what is wrong with it:
 *   missing     no digit in it
 *   character   something that no number has
 *   no_zero     neither 0 nor + in front: a spreadsheet drops the 0
 *   length      too few digits, or too many
 *   unassigned  such numbers are not given out
 *   service     a free, a paid or another service: nobody's own number
 *   country     no such country code
 */
extern const char *TelephoneFault(const char *text, size_t length, char form[TELEPHONE_FORM_MAX]);

/* ShowTelephone writes a form as it is dialled here, and returns its length. */
extern size_t ShowTelephone(const char *form, char shown[TELEPHONE_SHOWN_MAX]);

#endif
