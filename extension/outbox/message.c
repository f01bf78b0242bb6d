/*
 * Whether a message can be carried at all is found out when it is written, not
 * when a provider refuses the first of a million copies.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "passport.h"
#include "outbox/message.h"

/* FCM and APNs take 4,096 bytes; the rest is for the fields that the bridge adds */
#define MESSAGE_BYTES 3500
#define MESSAGE_LANGUAGES 50
#define DATA_KEYS 50

static Size check_text(JsonbContainer *text);
static Size check_data(Jsonb *data);
static Size text_bytes(JsonbContainer *text, const char *key);
static Size escaped_bytes(const JsonbValue *string);
static bool is_language(const JsonbValue *tag);
static bool is_reserved(const JsonbValue *key);

/* CheckMessage refuses texts and data that no provider could carry. */
void
CheckMessage(Jsonb *texts, Jsonb *data)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue language, text;
	Size longest = 0;
	bool japanese = false;

	if (!JB_ROOT_IS_OBJECT(texts) || JB_ROOT_COUNT(texts) > MESSAGE_LANGUAGES)
		RefuseInput("/texts", "not_texts", "Give an object with one text per language.");
	it = JsonbIteratorInit(&texts->root);
	(void) JsonbIteratorNext(&it, &language, true);
	while ((token = JsonbIteratorNext(&it, &language, true)) == WJB_KEY)
	{
		Size bytes;

		(void) JsonbIteratorNext(&it, &text, true);
		if (!is_language(&language))
			RefuseInput("/texts", "malformed_language", "A language is a tag as in ja or zh-Hans.");
		if (text.type != jbvBinary)
			RefuseInput("/texts", "not_text", "A text is an object with a title and a body.");
		bytes = check_text(text.val.binary.data);
		longest = Max(longest, bytes);
		if (language.val.string.len == 2 && memcmp(language.val.string.val, "ja", 2) == 0)
			japanese = true;
	}
	if (!japanese)
		RefuseInput("/texts/ja", "missing",
		            "A Japanese text is what every device can fall back to.");
	if (longest + check_data(data) > MESSAGE_BYTES)
		RefuseInput("/texts", "too_long",
		            "Title, body and data have more than 3500 bytes together.");
}

/* check_text returns the bytes of a text's title and body, both of which must be there. */
static Size
check_text(JsonbContainer *text)
{
	if (!JsonContainerIsObject(text) || JsonContainerSize(text) != 2)
		RefuseInput("/texts", "not_text", "A text is an object with a title and a body.");
	return text_bytes(text, "title") + text_bytes(text, "body");
}

/* text_bytes returns the bytes of a string that must be there and not be empty. */
static Size
text_bytes(JsonbContainer *text, const char *key)
{
	JsonbValue buffer;
	JsonbValue *value = getKeyJsonValueFromContainer(text, key, strlen(key), &buffer);

	if (value == NULL || value->type != jbvString || value->val.string.len == 0)
		RefuseInput("/texts", "not_text", "A text is an object with a title and a body.");
	return escaped_bytes(value);
}

/* escaped_bytes returns the length of a string as JSON writes it: APNs counts that. */
static Size
escaped_bytes(const JsonbValue *string)
{
	Size bytes = string->val.string.len;

	for (int i = 0; i < string->val.string.len; i++)
	{
		char c = string->val.string.val[i];

		if (c == '"' || c == '\\' || (c != '\0' && strchr("\b\f\n\r\t", c) != NULL))
			bytes++;
		else if ((unsigned char) c < ' ')
			bytes += strlen("u0000");
	}
	return bytes;
}

/* check_data returns the bytes of the app's data: a flat object of strings. */
static Size
check_data(Jsonb *data)
{
	JsonbIterator *it;
	JsonbValue key, value;
	Size bytes = 0;

	if (!JB_ROOT_IS_OBJECT(data) || JB_ROOT_COUNT(data) > DATA_KEYS)
		RefuseInput("/data", "not_data", "Data is a flat object of at most 50 strings.");
	it = JsonbIteratorInit(&data->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type != jbvString)
			RefuseInput("/data", "not_data", "Data is a flat object of at most 50 strings.");
		if (is_reserved(&key))
			RefuseInput("/data", "reserved_key",
			            "FCM keeps from, gcm and google* for itself, APNs aps, the bridge "
			            "notification_id.");
		bytes += escaped_bytes(&key) + escaped_bytes(&value);
	}
	return bytes;
}

/* is_language tells whether a key has a language tag's form. */
static bool
is_language(const JsonbValue *tag)
{
	const char *s = tag->val.string.val;
	int len = tag->val.string.len;
	int primary = 0;

	while (primary < len && s[primary] >= 'a' && s[primary] <= 'z')
		primary++;
	if (primary < 2 || primary > 3 || len > 35 || (primary < len && s[primary] != '-'))
		return false;
	for (int i = primary; i < len; i++)
		if (!(s[i] == '-' || (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') ||
		      (s[i] >= 'A' && s[i] <= 'Z')))
			return false;
	return true;
}

/* is_reserved tells whether a data key is one that the app may not use. */
static bool
is_reserved(const JsonbValue *key)
{
	char *name = pnstrdup(key->val.string.val, key->val.string.len);

	return name[0] == '\0' || strcmp(name, "from") == 0 || strcmp(name, "gcm") == 0 ||
	       strncmp(name, "google", 6) == 0 || strcmp(name, "aps") == 0 ||
	       strcmp(name, "notification_id") == 0;
}
