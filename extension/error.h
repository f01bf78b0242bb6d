/*
 * SQLSTATEs of class PT: a REST layer maps PTnnn to HTTP status nnn by itself.
 * MESSAGE is lower-case without a full stop; DETAIL and HINT are sentences or
 * JSON.  None of them ever holds a secret, a token or an address.
 */
#ifndef PASSPORT_ERROR_H
#define PASSPORT_ERROR_H

#include "utils/elog.h"

#define PASSPORT_STATE(a, b, c) MAKE_SQLSTATE('P', 'T', a, b, c)

#define ERRCODE_PT_UNAUTHENTICATED PASSPORT_STATE('4', '0', '1')
#define ERRCODE_PT_FORBIDDEN PASSPORT_STATE('4', '0', '3')
#define ERRCODE_PT_UNKNOWN PASSPORT_STATE('4', '0', '4')
#define ERRCODE_PT_CONFLICT PASSPORT_STATE('4', '0', '9')
#define ERRCODE_PT_GONE PASSPORT_STATE('4', '1', '0')
#define ERRCODE_PT_REFUSED PASSPORT_STATE('4', '2', '2')
#define ERRCODE_PT_LOCKED PASSPORT_STATE('4', '2', '3')
#define ERRCODE_PT_LIMIT PASSPORT_STATE('4', '2', '9')
#define ERRCODE_PT_STALE_TRUST PASSPORT_STATE('5', '0', '3')

/*
 * RefuseInput raises PT422 with the machine-readable DETAIL that every
 * refusal of input has: {"pointer": where, "code": rule, "text": sentence}.
 */
extern void RefuseInput(const char *pointer, const char *code, const char *text)
    pg_attribute_noreturn();

#endif
