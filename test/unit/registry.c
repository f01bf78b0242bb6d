/*
 * Normaliser and matcher by themselves, without a database.  Prints TAP;
 * test/t/unit.pl builds it with the sanitizers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "registry/individual_number.h"
#include "registry/match.h"

#define VILLAGE "長野県南佐久郡南牧村大字"
#define NAGANO 20

static MatchText
Text(const char *text)
{
	return (MatchText){text, text == NULL ? 0 : strlen(text)};
}

/* Compare matches a card of a man born on day 1 against a record. */
static MatchVerdict
Compare(const char *name, const char *map, const char *address, const MatchRecord *record)
{
	MatchCard card = {.name = Text(name),
	                  .name_substitution = Text(map),
	                  .address = Text(address),
	                  .birth_date_known = true,
	                  .birth_date = 1,
	                  .sex = SEX_MALE,
	                  .own_prefecture = NAGANO};
	MatchSubject subject;
	MatchVerdict verdict;

	PrepareMatch(&card, &subject);
	MatchResident(&subject, record, &verdict);
	return verdict;
}

static MatchRecord
Record(const char *name, const char *address)
{
	return (MatchRecord){.name = Text(name),
	                     .address = Text(address),
	                     .birth_date_known = true,
	                     .birth_date = 1,
	                     .sex = SEX_MALE};
}

static void
CheckNames(void)
{
	static const struct
	{
		const char *card, *recorded, *rules; /* rules NULL: they differ */
	} names[] = {
	    {"高橋　花子", "高橋　花子", "equal"},
	    {"高橋　花子", "高橋花子", "space"},
	    {"高橋　花子", "髙橋　花子", "old_form+space"},
	    {"山崎　一", "山﨑　一", "old_form+space"},
	    {"吉田　一", "𠮷田　一", "old_form+space"},
	    {"渡辺　一", "渡邊　一", "old_form+space"},
	    {"渡邉　一", "渡邉\U000E0101　一", "selector+old_form+space"},
	    {"浜田　一", "濵田　一", "old_form+space"},
	    {"斉藤　一", "齊藤　一", "old_form+space"},
	    {"斎藤　一", "齋藤　一", "old_form+space"},
	    {"斉藤　一", "斎藤　一", NULL},
	    {"斉藤　一", "齋藤　一", NULL},
	    {"斎藤　一", "齊藤　一", NULL},
	    {"神谷　福子", "\uFA19谷　\uFA1B子", "old_form+space"},
	    {"LE VAN AN", "Ｌｅ　Ｖａｎ　Ａｎ", "width+case+space"},
	    {"カガワ　ジロウ", "ｶｶﾞﾜ ｼﾞﾛｳ", "width+space"},
	    {"パク", "ハ\u309Aク", "width"},
	    {"マリア・テレサ", "マリア テレサ", "space"},
	    {"佐藤　太郎", "佐藤　二郎", NULL},
	    {"佐藤　太", "佐藤　太郎", NULL},
	    {"小　林", "林", NULL},
	    {"　", "　", NULL},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		MatchRecord record = Record(names[i].recorded, VILLAGE "海尻1番地");
		MatchVerdict verdict = Compare(names[i].card, NULL, VILLAGE "海尻1番地", &record);
		char reason[MATCH_REASON_MAX], what[300];
		const char *expected = names[i].rules != NULL ? names[i].rules : "different";

		DescribeField(&verdict.name, reason);
		snprintf(what, sizeof(what), "%s and %s: %s (%s)", names[i].card, names[i].recorded,
		         expected, reason);
		Check(strcmp(reason, expected) == 0, what);
	}
}

static const struct
{
	const char *card, *recorded, *reason;
	Agreement agreement;
} addresses[] = {
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口1183番地2", "equal", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口１１８３－２", "width+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口1183ー2", "hyphen+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口千百八十三番地ノ二", "kana+numeral+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口一一八三番二号", "numeral+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", "長野県南佐久郡南牧村海之口1183の2", "kana+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", "長野県南佐久郡南牧村海の口字芝1183-2", "koaza_omitted", PARTLY},
    {VILLAGE "海尻芝1183番地2", VILLAGE "海尻1184番地2", "different", DISAGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口壱千百八拾参番地の弐", "kana+numeral+lot+aza",
     AGREES},
    {VILLAGE "海ノ口1番地2", VILLAGE "海ノ口一番地の二", "kana+numeral+lot+aza", AGREES},
    {VILLAGE "海ノ口1102番地", VILLAGE "海ノ口一一〇二番地", "numeral+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口1183\u00AD2", "hyphen+lot+aza", AGREES},
    {VILLAGE "海ノ口11832番地", VILLAGE "海ノ口1183\u00AD2", "other_lot", DISAGREES},
    {VILLAGE "三ツ沢5番地", VILLAGE "三っ沢5番地", "kana+lot+aza", AGREES},
    {VILLAGE "金ケ崎5番地", VILLAGE "金ｹ崎5番地", "width+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海\u2F03口1183番地2", "different", DISAGREES},
    {VILLAGE "板橋1番地", VILLAGE "板橋\u2F00番地", "old_form+numeral+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", "長野県南牧村大字海ノ口1183番地2", "lot+aza+county_omitted",
     AGREES},
    {VILLAGE "海ノ口1183番地2", "南牧村大字海ノ口1183番地2",
     "lot+aza+prefecture_omitted+county_omitted", AGREES},
    {"南牧村大字海ノ口1183番地2", VILLAGE "海ノ口1183番地2", "municipality_unproven", PARTLY},
    {"南佐久郡南牧村大字海ノ口1183番地2", VILLAGE "海ノ口1183番地2", "lot+aza+prefecture_omitted",
     AGREES},
    {VILLAGE "平沢10番地", VILLAGE "平澤10番地", "old_form+lot+aza", AGREES},
    {VILLAGE "海ノ口1183番地2", VILLAGE "海ノ口1183番地2　コーポ南 101号室",
     "space+lot+aza+building_omitted", AGREES},
    {VILLAGE "海ノ口1183番地2　101号室", VILLAGE "海ノ口1183番地2　102号室", "other_building",
     PARTLY},
    {VILLAGE "海ノ口1183番地2 101", VILLAGE "海ノ口1183番地2101", "other_lot", DISAGREES},
    {VILLAGE "海ノ口1183番地2三井荘", VILLAGE "海ノ口1183番地2", "other_building", PARTLY},
    {VILLAGE "海ノ口1183番地", VILLAGE "海ノ口1183番地2", "other_lot", DISAGREES},
    {VILLAGE "海ノ口1183番地", VILLAGE "海ノ口1183番地イ", "other_lot", DISAGREES},
    {VILLAGE "海ノ口1183番地イ", VILLAGE "海ノ口1183-イ", "lot+aza", AGREES},
    {VILLAGE "海ノ口", VILLAGE "海ノ口", "no_lot", PARTLY},
    {VILLAGE "海尻1183番地", VILLAGE "海ノ口1183番地", "different", DISAGREES},
    {"札幌市北区北24条西5丁目1番2号", "札幌市北区北24条西5-1-2", "municipality_unproven", PARTLY},
    {"長野県佐久市3条1", "長野県佐久市3条2", "other_lot", DISAGREES},
    {"長野県佐久市八千穂10", "長野県佐久市8千穂10", "different", DISAGREES},
    /* the other 南牧村, in Gunma */
    {"群馬県甘楽郡南牧村大字海ノ口1183番地2", VILLAGE "海ノ口1183番地2", "different", DISAGREES},
    {"群馬県甘楽郡南牧村大字海ノ口1183番地2", "南牧村大字海ノ口1183番地2", "different", DISAGREES},
    {"群馬県南牧村大字海ノ口1183番地2", "長野県南牧村大字海ノ口1183番地2", "different", DISAGREES},
    {"甘楽郡南牧村大字海ノ口1183番地2", VILLAGE "海ノ口1183番地2", "different", DISAGREES},
    {"甘楽郡南牧村大字海ノ口1183番地2", "長野県南牧村大字海ノ口1183番地2", "municipality_unproven",
     PARTLY},
};

static void
CheckAddresses(void)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
	{
		MatchRecord record = Record("林", addresses[i].recorded);
		MatchVerdict verdict = Compare("林", NULL, addresses[i].card, &record);
		char reason[MATCH_REASON_MAX], what[400];

		DescribeField(&verdict.address, reason);
		snprintf(what, sizeof(what), "%s and %s: %s (%s)", addresses[i].card, addresses[i].recorded,
		         addresses[i].reason, reason);
		Check(strcmp(reason, addresses[i].reason) == 0 &&
		          verdict.address.agreement == addresses[i].agreement,
		      what);
	}
}

/* Certain counts the records that are certain for a card of 林 一: never more than one may be. */
static int
Certain(const MatchRecord *records, size_t count, bool complete)
{
	MatchVerdict verdicts[4];
	int certain = 0;

	for (size_t i = 0; i < count; i++)
		verdicts[i] = Compare("林　一", NULL, VILLAGE "海尻1番地", &records[i]);
	DecideMatches(verdicts, count, complete);
	for (size_t i = 0; i < count; i++)
		certain += verdicts[i].certain;
	return certain;
}

static void
CheckDecisions(void)
{
	MatchRecord self = Record("林　一", VILLAGE "海尻1番地");
	MatchRecord two[2] = {self, self};

	Check(Certain(&self, 1, true) == 1, "one resident who agrees in everything is certain");
	Check(0 == Certain(&self, 1, false), "not if the list of candidates was cut");
	two[1] = Record("林　二", VILLAGE "海尻1番地");
	Check(0 == Certain(two, 2, true), "not with a twin");
	Check(0 == Certain((MatchRecord[]){two[1], self}, 2, true), "whichever comes first");
	two[1] = Record("林　一", VILLAGE "海ノ口9番地");
	Check(0 == Certain(two, 2, true), "not with a namesake born on the same day");
	Check(0 == Certain((MatchRecord[]){self, self}, 2, true), "not with a duplicate");
	two[1] = self;
	two[1].birth_date = -9000;
	Check(Certain(two, 2, true) == 1, "a father of the same name is no rival");
	two[1].birth_date_known = false;
	Check(0 == Certain(two, 2, true), "a namesake whose birth date nobody knows is one");
	for (int field = 0; field < 5; field++)
	{
		static const char *const what[] = {"another birth date", "no birth date", "another sex",
		                                   "unknown sex", "another address"};
		MatchRecord other = self;
		char text[80];

		other.birth_date += field == 0;
		other.birth_date_known = field != 1;
		other.sex = field == 2 ? SEX_FEMALE : field == 3 ? SEX_UNKNOWN : SEX_MALE;
		if (field == 4)
			other.address = Text(VILLAGE "海尻2番地");
		snprintf(text, sizeof(text), "%s is not certain", what[field]);
		Check(0 == Certain(&other, 1, true), text);
	}
}

static void
CheckSubstitutes(void)
{
	MatchRecord record = Record("林　\U0002000B太郎", VILLAGE "海尻1番地");
	MatchVerdict verdict = Compare("林　丈太郎", "00100", VILLAGE "海尻1番地", &record);

	Check(verdict.name.agreement == PARTLY, "a substitute for a rare character proves nothing");
	DecideMatches(&verdict, 1, true);
	Check(!verdict.certain, "and is not certain");
	verdict = Compare("林　丈太郎", "00000", VILLAGE "海尻1番地", &record);
	Check(verdict.name.agreement == DISAGREES, "without the map's flag the names differ");
	record.name = Text("林　条太郎");
	verdict = Compare("林　丈太郎", "00100", VILLAGE "海尻1番地", &record);
	Check(verdict.name.agreement == DISAGREES,
	      "a character that a card can hold has no substitute");
	record.name = Text("𠮷田");
	verdict = Compare("吉田", "10", VILLAGE "海尻1番地", &record);
	Check(verdict.name.agreement == AGREES && verdict.name.rules & RULE_SUBSTITUTE,
	      "a substitute in the table of forms agrees");
	record = Record("グエン", VILLAGE "海尻1番地");
	record.name_roman = Text("NGUYEN VAN AN");
	record.alias = Text("林　安");
	Check(Compare("NGUYEN VAN AN", NULL, VILLAGE "海尻1番地", &record).name.agreement == AGREES,
	      "the roman name agrees");
	Check(Compare("林　安", NULL, VILLAGE "海尻1番地", &record).name.agreement == PARTLY,
	      "an alias alone proves nothing");
}

/* CheckReadings: kana on the card instead of a character. */
static void
CheckReadings(void)
{
	static const struct
	{
		const char *card, *map, *recorded, *reading, *reason;
	} names[] = {
	    {"林　ジョウ太郎", "0011100", "林　𠀋太郎", "ハヤシ　ジョウタロウ",
	     "space+substitute+reading"},
	    {"林　ジョウ太郎", "0011100", "林　𠀋太郎", "はやし じようたろう",
	     "space+substitute+reading"},
	    {"林　太ジョウ", "000111", "林　太𠀋", "ハヤシ　タジョウ", "space+substitute+reading"},
	    {"林　ヂョウ", "00111", "林　𠀋", "ハヤシ　ジヨウ", "space+substitute+reading"},
	    {"林　ジョウ", "00111", "林　𠀋", "ハヤシ　ジョウジ", "substitute_unproven"},
	    {"林　ジョウ太郎", "0011100", "林　𠀋太郎", "ハヤシ　タケタロウ", "substitute_unproven"},
	    {"林　ジョウ太郎", "0011100", "林　𠀋太郎", "ハヤシジョウタロウ", "substitute_unproven"},
	    {"林　ジョウ太郎", "0011100", "林　𠀋太郎", NULL, "substitute_unproven"},
	    {"林　太ジョウ郎", "0001110", "林　太𠀋郎", "ハヤシ　タロジョウ", "substitute_unproven"},
	    {"林　ジョウキチ", "0011111", "林　𠀋𠀤", "ハヤシ　ジョウキチ", "space+substitute+reading"},
	    {"林　キ", "001", "林　𠀋𠀤", "ハヤシ　キ", "different"},
	    {"林　ジョウ太郎", "0011100", "林　丈太郎", "ハヤシ　ジョウタロウ", "different"},
	    {"林　ジョウ太郎", "0000000", "林　𠀋太郎", "ハヤシ　ジョウタロウ", "different"},
	    {"林　ジョウ太郎", "0011100", "林　𠀋次郎", "ハヤシ　ジョウジロウ", "different"},
	    {"ハヤシ　太郎", "111000", "\uE000　太郎", "ハヤシ　タロウ", "space+substitute+reading"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		MatchRecord record = Record(names[i].recorded, VILLAGE "海尻1番地");
		MatchVerdict verdict;
		char reason[MATCH_REASON_MAX], what[300];

		record.name_kana = Text(names[i].reading);
		verdict = Compare(names[i].card, names[i].map, VILLAGE "海尻1番地", &record);
		DescribeField(&verdict.name, reason);
		snprintf(what, sizeof(what), "%s (%s) and %s (%s): %s (%s)", names[i].card, names[i].map,
		         names[i].recorded, names[i].reading ? names[i].reading : "not known",
		         names[i].reason, reason);
		Check(strcmp(reason, names[i].reason) == 0, what);
	}
}

static void
CheckHostile(void)
{
	static const char *const invalid[] = {
	    "\x80",  "\xC0\x80", "\xE3\x81", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80",
	    "林\xFF"};
	static const char *const repeated[] = {"（",  "一", "番",   "ノ",         "郡", "1",
	                                       "の1", "字", "一番", "\U000E0101", "1 ", "ガ村"};
	static char text[FOLD_INPUT_MAX + 1];
	NormalAddress address;
	FoldedText name;
	bool refused = true, bounded = true;

	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
	{
		NormalizeName(invalid[i], strlen(invalid[i]), NULL, 0, &name);
		NormalizeAddress(invalid[i], strlen(invalid[i]), &address);
		refused &= !name.usable && !address.usable;
	}
	NormalizeName("a\0b", 3, NULL, 0, &name);
	Check(refused && !name.usable, "invalid UTF-8 and NUL are equal to nothing");
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++)
	{
		size_t length = 0;
		clock_t start = clock();

		for (text[0] = '\0'; length + strlen(repeated[i]) < 1600; length = strlen(text))
			strcat(text, repeated[i]);
		for (int round = 0; round < 20; round++)
		{
			NormalizeAddress(text, length, &address);
			NormalizeName(text, length, text, length, &name);
		}
		/* a hundred times what it takes under the sanitizers */
		bounded &= clock() - start < 2 * CLOCKS_PER_SEC;
	}
	Check(bounded, "no row of one character takes long");
	memset(text, 'a', sizeof(text));
	NormalizeName(text, sizeof(text), NULL, 0, &name);
	Check(!name.usable, "a text over the limit is not read");
	NormalizeName(text, FOLD_MAX, NULL, 0, &name);
	refused = name.usable;
	NormalizeName(text, FOLD_MAX + 1, NULL, 0, &name);
	Check(refused && !name.usable, "a name of as many characters as fit is read, one more is not");
}

/*
 * CheckComparisons: no pair of texts makes one comparison take long.  The
 * limit, 20 ms, is some hundred times what the worst takes under the sanitizers.
 */
static void
CheckComparisons(void)
{
	static const char *const repeated[] = {"（",   "-",      "1-",      "一の",       "番番",
	                                       "字",   "十百千", "1番地の", "1234567890", "ア ",
	                                       "𠀋ア", "𠀋 ア ", "ア𠀋",    "1\u30FC1",   "大字小字",
	                                       "ノ1",  "ガ村",   "1 番 "};
	static char texts[2][FOLD_INPUT_MAX + 1];
	static char map[FOLD_INPUT_MAX + 1];
	clock_t slowest = 0;

	memset(map, '1', sizeof(map) - 1);
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++)
		for (size_t j = 0; j < sizeof(repeated) / sizeof(repeated[0]); j++)
		{
			MatchRecord record;
			clock_t start;

			for (int side = 0; side < 2; side++)
			{
				const char *unit = repeated[side == 0 ? i : j];

				/* 1,000 bytes: longer than any column of the register */
				texts[side][0] = '\0';
				for (size_t length = 0; length < 1000; length += strlen(unit))
					strcat(texts[side], unit);
			}
			record = Record(texts[1], texts[1]);
			record.name_kana = record.name_roman = record.alias = Text(texts[0]);
			start = clock();
			for (int round = 0; round < 3; round++)
				Compare(texts[0], map, texts[0], &record);
			if ((clock() - start) / 3 > slowest)
				slowest = (clock() - start) / 3;
		}
	printf("# the slowest comparison took %ld us\n", (long) slowest * 1000000 / CLOCKS_PER_SEC);
	Check(slowest < CLOCKS_PER_SEC / 50, "no two texts make a comparison take long");
}

static void
CheckIndividualNumbers(void)
{
	static const struct
	{
		const char *text;
		bool holds;
	} texts[] = {
	    {"123456789018", true},
	    {"no 123456789018.", true},
	    {"1234 5678 9018", true},
	    {"1234-5678-9018", true},
	    {"１２３４５６７８９０１８", true},
	    {"1234　5678　9018", true},
	    {"123456789010", false},
	    {"0123456789018", false},
	    {"1234567890180", false},
	    {"12345678 9018", false},
	    {"1183-2", false},
	    {"", false},
	    {"000000000000", true},
	    {"1234  5678  9018", false},
	    {"0267-96-2211", false},
	    {"\xEF\xBC", false},
	};
	bool all = true;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (HoldsIndividualNumber(texts[i].text, strlen(texts[i].text)) != texts[i].holds)
		{
			printf("# wrong: %s\n", texts[i].text);
			all = false;
		}
	Check(all, "individual numbers are found, other numbers are not");
}

int
main(void)
{
	CheckNames();
	CheckAddresses();
	CheckDecisions();
	CheckSubstitutes();
	CheckReadings();
	CheckHostile();
	CheckComparisons();
	CheckIndividualNumbers();
	return FinishChecks();
}
