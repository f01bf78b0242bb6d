/* What a notification may say.  Include it after postgres.h. */
#ifndef PASSPORT_MESSAGE_H
#define PASSPORT_MESSAGE_H

#include "utils/jsonb.h"

extern void CheckMessage(Jsonb *texts, Jsonb *data);

#endif
