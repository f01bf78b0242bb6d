/*
 * Asking for a PIN.
 */
#ifndef PIN_H
#define PIN_H

#include <stdbool.h>

#include "lib/jpki.h"

typedef struct Pin
{
	char text[JPKI_PIN_MAX + 1];
} Pin;

/*
 * Reads a PIN: a line from the file descriptor, or, when that is -1, from the
 * terminal after the prompt, without echo.  Letters become upper case, as the
 * card has them.  False when there is no terminal, nothing was typed or it was
 * too long.
 */
extern bool pin_read(Pin *pin, int descriptor, const char *prompt);

/* Forgets it. */
extern void pin_wipe(Pin *pin);

#endif
