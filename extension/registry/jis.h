/*
 * Which kanji a certificate can hold.  Its issuer replaces the others, and
 * says so in the substitute map.
 */
#ifndef PASSPORT_JIS_H
#define PASSPORT_JIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern bool CertificateHolds(uint32_t kanji);

#endif
