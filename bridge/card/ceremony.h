/*
 * A ceremony: the database gives a challenge, the card signs it, the database
 * decides.  Nothing is decided here.
 */
#ifndef CEREMONY_H
#define CEREMONY_H

#include <libpq-fe.h>

#include "lib/jpki.h"

#define CEREMONY_PROBLEM_MAX 512

typedef struct Challenge
{
	char id[40];
	uint8_t *message; /* what is signed; can be read by people */
	size_t length;
} Challenge;

/* What a card gives for a challenge. */
typedef struct Proof
{
	uint8_t certificate[JPKI_CERTIFICATE_MAX];
	size_t certificate_length;
	uint8_t signature[JPKI_SIGNATURE_MAX];
	size_t signature_length;
} Proof;

/* The database's answer; the texts are freed with verdict_free. */
typedef struct Verdict
{
	char *verdict;     /* of log_in and tap_at_shelter, or the state of register_account */
	char *detail;      /* why, of a refusal */
	char *resident_id; /* register_account, tap_at_shelter: NULL when not linked */
	char *token;       /* log_in: NULL when refused */
	char *missing;     /* tap_at_shelter: how many of the household are not there; NULL: not told */
} Verdict;

/*
 * These return false with the server's words in problem when the server does
 * not answer the question; a refusal is an answer.
 */
extern bool begin_challenge(PGconn *connection, const char *purpose, const char *audience,
                            Challenge *challenge, char problem[CEREMONY_PROBLEM_MAX]);
extern bool register_account(PGconn *connection, const Challenge *challenge, const Proof *signature,
                             const Proof *authentication, Verdict *verdict,
                             char problem[CEREMONY_PROBLEM_MAX]);
extern bool log_in(PGconn *connection, const Challenge *challenge, const Proof *authentication,
                   const char *audience, Verdict *verdict, char problem[CEREMONY_PROBLEM_MAX]);

/* Says that a card came to a shelter or left it: its certificate, and nothing signed. */
extern bool tap_at_shelter(PGconn *connection, bool leaving, const char *shelter,
                           const Proof *authentication, Verdict *verdict,
                           char problem[CEREMONY_PROBLEM_MAX]);

/*
 * Verifies the PIN, reads the certificate and signs the challenge.  The applet
 * must be selected.  On JPKI_WRONG_PIN tries is what is left.
 */
extern JpkiResult make_proof(Jpki *card, JpkiPurpose purpose, const char *pin,
                             const Challenge *challenge, Proof *proof, int *tries);

extern void challenge_free(Challenge *challenge);
extern void verdict_free(Verdict *verdict);

#endif
