/* Distinguished names: checked, compared as bytes, written as RFC 2253 says. */
#ifndef PASSPORT_NAME_H
#define PASSPORT_NAME_H

#include "identity/der.h"

#define NAME_DER_MAX 1024  /* bytes of a name that we read */
#define NAME_TEXT_MAX 4096 /* enough for such a name with every byte escaped */

extern bool NameValid(DerSlice name);
extern bool NameOrganization(DerSlice name, DerSlice *organization);
extern void NameText(DerSlice name, char text[NAME_TEXT_MAX]);

#endif
