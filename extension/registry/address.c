/*
 * Addresses as the register and the card write them.  Only spellings that mean
 * one place are made one; nothing is looked up, so a wrong cut is wrong in the
 * same way on both sides.  One pass with a bounded look ahead: an unclosed
 * bracket costs no more than a letter.
 */
#include "registry/normalize.h"

#include <string.h>

#include "registry/lot.h"

static const char *const prefectures[PREFECTURES] = {
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県",   "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県",   "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県",   "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
};

static size_t drop_spaces(FoldedText *text);
static bool keeps_space(uint32_t before);
static void read_prefecture(Cursor *cursor, NormalAddress *address);
static void read_county(Cursor *cursor, NormalAddress *address);
static void read_place(Cursor *cursor, NormalAddress *address);
static void read_name(Cursor *cursor, NormalAddress *address);
static uint32_t joined_kana(Cursor cursor, const CharacterRow *place);
static void read_building(Cursor *cursor, NormalAddress *address);

void
NormalizeAddress(const char *text, size_t length, NormalAddress *address)
{
	FoldedText folded;
	Cursor cursor;

	address->prefecture = 0;
	address->county_length = 0;
	address->place.length = address->lot.length = address->building.length = 0;
	address->building_apart = false;
	FoldText(text, length, NULL, 0, &folded);
	address->usable = folded.usable;
	if (!folded.usable)
		return;

	folded.length = drop_spaces(&folded);
	address->rules = folded.rules;
	cursor.at = folded.character;
	cursor.end = folded.character + folded.length;
	read_prefecture(&cursor, address);
	read_county(&cursor, address);
	read_place(&cursor, address);
	if (cursor.at < cursor.end)
		ReadLot(&cursor, address);
	read_building(&cursor, address);
	if (address->place.length == 0)
		address->usable = false;
}

/*
 * NormalizePlaceName takes a 大字 or 小字 that stands alone, so that a number
 * in it is its own: 三ノ沢 begins no lot.
 */
bool
NormalizePlaceName(const char *text, size_t length, CharacterRow *name)
{
	FoldedText folded;
	NormalAddress address;
	Cursor cursor;

	FoldText(text, length, NULL, 0, &folded);
	if (!folded.usable)
		return false;
	folded.length = drop_spaces(&folded);
	cursor.at = folded.character;
	cursor.end = folded.character + folded.length;
	address.rules = 0;
	address.place.length = 0;
	/* within an address it follows the 大字, and is dropped there */
	if (folded.length > 1)
		SkipWord(&cursor, "字");
	while (cursor.at < cursor.end)
		read_name(&cursor, &address);
	*name = address.place;
	return name->length > 0;
}

/* NormalizeLot takes a lot that stands alone; false if there is more than a lot. */
bool
NormalizeLot(const char *text, size_t length, CharacterRow *lot)
{
	FoldedText folded;
	NormalAddress address;
	Cursor cursor;

	FoldText(text, length, NULL, 0, &folded);
	if (!folded.usable)
		return false;
	folded.length = drop_spaces(&folded);
	cursor.at = folded.character;
	cursor.end = folded.character + folded.length;
	address.rules = 0;
	address.lot.length = 0;
	address.usable = true;
	ReadLot(&cursor, &address);
	while (cursor.at < cursor.end && *cursor.at == ' ')
		cursor.at++;
	*lot = address.lot;
	return address.usable && lot->length > 0 && cursor.at == cursor.end;
}

/*
 * drop_spaces drops those that part nothing.  One after a number stays: it may
 * part the lot from a room (1183番地2 101).
 */
static size_t
drop_spaces(FoldedText *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->length; i++)
	{
		uint32_t c = text->character[i];

		if (c == ' ' && (kept == 0 || !keeps_space(text->character[kept - 1])))
		{
			text->rules |= RULE_SPACE;
			continue;
		}
		text->character[kept++] = c;
	}
	return kept;
}

static bool
keeps_space(uint32_t before)
{
	static const uint32_t numbers[] = {U'番', U'地', U'号', U'〇', U'一', U'二', U'三',
	                                   U'四', U'五', U'六', U'七', U'八', U'九', U'十',
	                                   U'百', U'千', U'壱', U'弐', U'参', U'拾'};

	if (before >= '0' && before <= '9')
		return true;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (before == numbers[i])
			return true;
	return false;
}

static void
read_prefecture(Cursor *cursor, NormalAddress *address)
{
	for (int i = 0; i < PREFECTURES; i++)
		if (SkipWord(cursor, prefectures[i]))
		{
			address->prefecture = i + 1;
			return;
		}
}

/*
 * read_county takes a county (南佐久郡) if one stands there: a few characters
 * up to 郡 with a 町 or 村 to follow.  Three cities have 郡 within their names.
 */
static void
read_county(Cursor *cursor, NormalAddress *address)
{
	size_t left = (size_t) (cursor->end - cursor->at);
	size_t county = 0;

	if (StartsWith(*cursor, "小郡市") || StartsWith(*cursor, "蒲郡市") ||
	    StartsWith(*cursor, "大和郡山市"))
		return;
	while (county < left && county < COUNTY_MAX && cursor->at[county] != U'郡')
	{
		uint32_t c = cursor->at[county++];

		if (c == U'市' || c == U'区' || c == U'町' || c == U'村')
			return;
	}
	if (county == 0 || county >= left || county >= COUNTY_MAX)
		return;
	for (size_t i = county + 2; i < left && i < county + 10; i++)
		if (cursor->at[i] == U'町' || cursor->at[i] == U'村')
		{
			memcpy(address->county, cursor->at, county * sizeof(uint32_t));
			address->county_length = county;
			cursor->at += county + 1;
			return;
		}
}

/* read_place takes everything up to the lot and spells it one way. */
static void
read_place(Cursor *cursor, NormalAddress *address)
{
	while (cursor->at < cursor->end && !LotStarts(*cursor))
		read_name(cursor, address);
}

/* read_name takes the next part of a place's name: a prefix, a character, a whole number. */
static void
read_name(Cursor *cursor, NormalAddress *address)
{
	CharacterRow *place = &address->place;
	uint32_t last = place->length > 0 ? place->character[place->length - 1] : 0;
	uint32_t joined;

	if (SkipWord(cursor, "大字") || SkipWord(cursor, "小字") ||
	    /* 十文字 is a name */
	    (last != 0 && last != U'文' && SkipWord(cursor, "字")))
	{
		address->rules |= RULE_AZA;
		return;
	}
	joined = joined_kana(*cursor, place);
	if (joined != *cursor->at)
		address->rules |= RULE_KANA;
	if (joined != ' ')
		place->character[place->length++] = joined;
	cursor->at++;
	/* a number that is part of a name is copied whole: its tail is no lot */
	while (joined >= '0' && joined <= '9' && cursor->at < cursor->end && *cursor->at >= '0' &&
	       *cursor->at <= '9')
		place->character[place->length++] = *cursor->at++;
}

/* joined_kana spells the kana between two kanji one way: ヶ, が as ケ, 之, の as ノ, ッ, つ as ツ.
 */
static uint32_t
joined_kana(Cursor cursor, const CharacterRow *place)
{
	uint32_t c = *cursor.at;

	if (place->length == 0 || !IsKanji(place->character[place->length - 1]) ||
	    cursor.at + 1 == cursor.end || !IsKanji(cursor.at[1]))
		return c;
	if (c == U'ヶ' || c == U'が' || c == U'ガ' || c == U'ヵ')
		return U'ケ';
	if (c == U'の' || c == U'之' || c == U'乃')
		return U'ノ';
	if (c == U'ッ' || c == U'っ' || c == U'つ')
		return U'ツ';
	return c;
}

/* read_building takes the rest without spaces and brackets. */
static void
read_building(Cursor *cursor, NormalAddress *address)
{
	CharacterRow *building = &address->building;

	if (cursor->at < cursor->end && !IsKanji(*cursor->at))
		address->building_apart = true;
	for (; cursor->at < cursor->end; cursor->at++)
		if (*cursor->at != ' ' && *cursor->at != '(' && *cursor->at != ')')
			building->character[building->length++] = *cursor->at;
}
