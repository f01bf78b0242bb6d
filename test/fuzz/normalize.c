/*
 * Any bytes as a name, an address, a substitute map and a record: nothing may
 * crash, and what must hold of every text holds.  Bytes before the first line
 * feed are the card's, those after it the register's.
 */
#include <stdlib.h>
#include <string.h>

#include "../../extension/registry/address.c"
#include "../../extension/registry/fold.c"
#include "../../extension/registry/individual_number.c"
#include "../../extension/registry/jis.c"
#include "../../extension/registry/kanji.c"
#include "../../extension/registry/lot.c"
#include "../../extension/registry/match.c"
#include "../../extension/registry/normalize.c"
#include "../../extension/registry/reading.c"
#include "../../extension/registry/variant.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
Expect(bool good)
{
	if (!good)
		abort();
}

/* CheckSettled expects that a normalised name is its own normal form. */
static void
CheckSettled(const FoldedText *name)
{
	FoldedText again;
	char text[FOLD_MAX * 4];
	size_t length = WriteCharacters(name->character, name->length, text);

	NormalizeName(text, length, NULL, 0, &again);
	Expect(again.usable && again.length == name->length);
	Expect(memcmp(again.character, name->character, name->length * sizeof(uint32_t)) == 0);
	Expect(NameKey(&again) == NameKey(name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t length = line != NULL ? (size_t) (line - text) : size;
	MatchText card_text = {text, length};
	MatchText recorded_text = {line != NULL ? line + 1 : text,
	                           line != NULL ? size - length - 1 : size};
	MatchCard card = {.name = card_text,
	                  .name_substitution = recorded_text,
	                  .address = card_text,
	                  .birth_date_known = true,
	                  .own_prefecture = 20};
	MatchRecord record = {.name = recorded_text,
	                      .name_roman = card_text,
	                      .address = recorded_text,
	                      .birth_date_known = true};
	MatchSubject subject;
	MatchVerdict verdict;
	CharacterRow row;
	char reason[MATCH_REASON_MAX];

	HoldsIndividualNumber(text, size);
	if (NormalizePlaceName(text, length, &row))
		Expect(row.length > 0 && row.length <= FOLD_MAX);
	if (NormalizeLot(text, length, &row))
		Expect(row.length > 0 && row.length <= FOLD_MAX);
	PrepareMatch(&card, &subject);
	MatchResident(&subject, &record, &verdict);
	DecideMatches(&verdict, 1, true);
	DescribeField(&verdict.name, reason);
	Expect(strlen(reason) < sizeof(reason) - 1);
	DescribeField(&verdict.address, reason);
	Expect(strlen(reason) < sizeof(reason) - 1);
	Expect(verdict.score >= 0 && verdict.score <= 1);
	if (subject.name.usable)
		CheckSettled(&subject.name);
	/* equal addresses have equal keys, or the lookup would miss them */
	if (verdict.address.agreement == AGREES)
	{
		NormalAddress recorded;

		NormalizeAddress(recorded_text.text, recorded_text.length, &recorded);
		Expect(AddressKey(&subject.address) == AddressKey(&recorded));
	}
	return 0;
}
