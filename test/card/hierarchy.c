/*
 * Makes a certificate hierarchy of the profile of JPKI: roots, residents'
 * cards, revocation lists.  README.md describes the directory and the profile.
 *
 *   hierarchy [OPTION]... DIRECTORY
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crl.h"
#include "deck.h"
#include "output.h"
#include "validity.h"

#define DAY (24 * 3600)
#define REVOCATIONS_MAX 100000

typedef struct Options
{
	const char *directory, *people, *organization, *revoked, *sheet;
	Terms terms;
	time_t this_update, next_update;
	uint64_t crl_number;
} Options;

/* One line of the file of revocations. */
typedef struct Revocation
{
	Purpose purpose;
	char key[65]; /* of the card, or "0x..." a serial number */
	int reason;
	time_t at;
} Revocation;

static const char usage[] =
    "usage: hierarchy [OPTION]... DIRECTORY\n"
    "  --people FILE              cards for the people of this TSV (- is standard input)\n"
    "  --organization NAME        O of all names (JPKI-TEST)\n"
    "  --generations N            roots of the same name, 1 to 3; the last one issues (1)\n"
    "  --at TIME                  time of issue (a year ago)\n"
    "  --not-before [PURPOSE:]TIME, --not-after [PURPOSE:]TIME\n"
    "                             fixed times instead of the rule of five birthdays\n"
    "  --key-pool N               only N keys, shared among the certificates\n"
    "  --sheet FILE               certificates and signed messages for COPY instead of cards\n"
    "  --revoked FILE             lines of purpose, key or 0xSERIAL, reason, time\n"
    "  --this-update TIME         of the lists (now)\n"
    "  --next-update TIME         of the lists (a day later)\n"
    "  --crl-number N             of the lists (1)\n"
    "TIME is YYYY-MM-DD or YYYY-MM-DDThh:mm:ss, Japanese time.\n";

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void read_options(int argc, char **argv, Options *options);
static void take_option(int option, Options *options);
static void read_fixed_time(const char *text, int second_of_day, time_t times[PURPOSES]);
static time_t read_time(const char *text, int second_of_day);
static long read_number(const char *text, long least, long most);
static void make_directory(const char *path);
static void open_authorities(Options *options);
static void make_people(const Options *options, Index *index);
static size_t read_revocations(const char *path, Revocation *revocations);
static void write_lists(const Options *options, const Index *index);
static bool is_first_of_its_list(const Index *index, size_t i);
static void write_list(const Options *options, const Index *index, const IndexRow *of,
                       Purpose purpose, const Revocation *revocations, size_t count);
static bool is_revoked(const IndexRow *row, Purpose purpose, const Revocation *revocation);

int
main(int argc, char **argv)
{
	Options options;
	Index index;

	read_options(argc, argv, &options);
	make_directory(options.directory);
	open_authorities(&options);
	if (!index_read(&index, options.directory))
		fail("%s/people.tsv is not an index", options.directory);
	if (options.people != NULL)
		make_people(&options, &index);
	if (options.sheet == NULL)
	{
		if (!index_write(&index, options.directory))
			fail("%s/people.tsv cannot be written", options.directory);
		write_lists(&options, &index);
	}
	for (size_t purpose = 0; purpose < PURPOSES; purpose++)
		for (int i = 0; i < options.terms.generations; i++)
			authority_close(&options.terms.authorities[purpose][i]);
	index_free(&index);
	return 0;
}

static void
fail(const char *format, ...)
{
	va_list arguments;

	fputs("hierarchy: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void
read_options(int argc, char **argv, Options *options)
{
	static const struct option known[] = {
	    {"people", 1, NULL, 'p'},      {"organization", 1, NULL, 'o'},
	    {"generations", 1, NULL, 'g'}, {"at", 1, NULL, 'a'},
	    {"not-before", 1, NULL, 'b'},  {"not-after", 1, NULL, 'e'},
	    {"key-pool", 1, NULL, 'k'},    {"sheet", 1, NULL, 's'},
	    {"revoked", 1, NULL, 'r'},     {"this-update", 1, NULL, 't'},
	    {"next-update", 1, NULL, 'n'}, {"crl-number", 1, NULL, 'c'},
	    {"help", 0, NULL, 'h'},        {NULL, 0, NULL, 0}};
	time_t now = time(NULL);
	int option;

	*options = (Options){.organization = "JPKI-TEST",
	                     .terms = {.generations = 1, .issued = now - 365 * (time_t) DAY},
	                     .this_update = now,
	                     .crl_number = 1};
	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1)
		take_option(option, options);
	if (optind + 1 != argc)
	{
		fputs(usage, stderr);
		exit(2);
	}
	options->directory = argv[optind];
	if (options->next_update == 0)
		options->next_update = options->this_update + DAY;
}

static void
take_option(int option, Options *options)
{
	switch (option)
	{
		case 'p':
			options->people = optarg;
			break;
		case 'o':
			options->organization = optarg;
			break;
		case 'g':
			options->terms.generations = (int) read_number(optarg, 1, GENERATIONS_MAX);
			break;
		case 'a':
			options->terms.issued = read_time(optarg, MORNING);
			break;
		case 'b':
			read_fixed_time(optarg, 0, options->terms.not_before);
			break;
		case 'e':
			read_fixed_time(optarg, END_OF_DAY, options->terms.not_after);
			break;
		case 'k':
			options->terms.key_pool = (size_t) read_number(optarg, 1, 1000000);
			break;
		case 's':
			options->sheet = optarg;
			break;
		case 'r':
			options->revoked = optarg;
			break;
		case 't':
			options->this_update = read_time(optarg, 0);
			break;
		case 'n':
			options->next_update = read_time(optarg, 0);
			break;
		case 'c':
			options->crl_number = (uint64_t) read_number(optarg, 0, __LONG_MAX__);
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
	}
}

/* read_fixed_time reads a time for one purpose, or for both. */
static void
read_fixed_time(const char *text, int second_of_day, time_t times[PURPOSES])
{
	for (size_t purpose = 0; purpose < PURPOSES; purpose++)
	{
		size_t length = strlen(purpose_names[purpose]);

		if (strncmp(text, purpose_names[purpose], length) == 0 && text[length] == ':')
		{
			times[purpose] = read_time(text + length + 1, second_of_day);
			return;
		}
	}
	times[PURPOSE_SIGNATURE] = times[PURPOSE_AUTHENTICATION] = read_time(text, second_of_day);
}

static time_t
read_time(const char *text, int second_of_day)
{
	time_t at;

	if (!parse_time(text, second_of_day, &at))
		fail("\"%s\" is not a time", text);
	return at;
}

static long
read_number(const char *text, long least, long most)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end != '\0' || number < least || number > most)
		fail("\"%s\" is not a number from %ld to %ld", text, least, most);
	return number;
}

static void
make_directory(const char *path)
{
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		fail("%s cannot be made: %s", path, strerror(errno));
}

static void
open_authorities(Options *options)
{
	for (size_t purpose = 0; purpose < PURPOSES; purpose++)
		for (int i = 0; i < options->terms.generations; i++)
			if (!authority_open(&options->terms.authorities[purpose][i], options->directory,
			                    (Purpose) purpose, i + 1, options->terms.generations,
			                    options->organization))
				fail("the root for %s is not one of %s, or cannot be made", purpose_names[purpose],
				     options->organization);
}

static void
make_people(const Options *options, Index *index)
{
	FILE *sheet = NULL;
	People people;
	char problem[256], cards[4096];

	if (!people_read(options->people, &people, problem, sizeof(problem)))
		fail("%s", problem);
	if (options->sheet != NULL && (sheet = fopen(options->sheet, "w")) == NULL)
		fail("%s cannot be written", options->sheet);
	snprintf(cards, sizeof(cards), "%s/cards", options->directory);
	if (sheet == NULL)
		make_directory(cards);
	if (!make_deck(&options->terms, &people, options->directory, sheet, index, problem,
	               sizeof(problem)))
		fail("%s", problem);
	if (sheet != NULL && fclose(sheet) != 0)
		fail("%s cannot be written", options->sheet);
	people_free(&people);
}

static size_t
read_revocations(const char *path, Revocation *revocations)
{
	FILE *file = fopen(path, "r");
	char purpose[16], reason[32], at[32];
	size_t count = 0;
	int read;

	if (file == NULL)
		fail("%s cannot be read", path);
	while ((read = fscanf(file, "%15s %64s %31s %31s", purpose, revocations[count].key, reason,
	                      at)) == 4)
	{
		revocations[count].purpose = strcmp(purpose, purpose_names[PURPOSE_SIGNATURE]) == 0
		                                 ? PURPOSE_SIGNATURE
		                                 : PURPOSE_AUTHENTICATION;
		revocations[count].reason = reason_by_name(reason);
		revocations[count].at = read_time(at, MORNING);
		if (strcmp(purpose, purpose_names[revocations[count].purpose]) != 0 ||
		    revocations[count].reason < 0 || ++count == REVOCATIONS_MAX)
			break;
	}
	fclose(file);
	if (read != EOF)
		fail("%s: line %zu is not a revocation", path, count + 1);
	return count;
}

/* write_lists writes a list for each distribution point that a certificate names. */
static void
write_lists(const Options *options, const Index *index)
{
	Revocation *revocations = calloc(REVOCATIONS_MAX, sizeof(Revocation));
	size_t count = 0;

	if (revocations == NULL)
		fail("out of memory");
	if (options->revoked != NULL)
		count = read_revocations(options->revoked, revocations);
	for (size_t i = 0; i < index->count; i++)
		if (is_first_of_its_list(index, i))
			for (size_t purpose = 0; purpose < PURPOSES; purpose++)
				write_list(options, index, &index->rows[i], (Purpose) purpose, revocations, count);
	free(revocations);
}

static bool
is_first_of_its_list(const Index *index, size_t i)
{
	const IndexRow *row = &index->rows[i];

	while (i-- > 0)
		if (index->rows[i].generation == row->generation &&
		    strcmp(index->rows[i].city, row->city) == 0 &&
		    strcmp(index->rows[i].prefecture, row->prefecture) == 0)
			return false;
	return true;
}

static void
write_list(const Options *options, const Index *index, const IndexRow *of, Purpose purpose,
           const Revocation *revocations, size_t count)
{
	Revoked *revoked = calloc(index->count, sizeof(Revoked));
	List list = {.prefecture = of->prefecture,
	             .city = of->city,
	             .number = options->crl_number,
	             .this_update = options->this_update,
	             .next_update = options->next_update,
	             .revoked = revoked};
	X509_CRL *crl;
	FILE *file;

	if (of->generation < 1 || of->generation > options->terms.generations || revoked == NULL)
		fail("the cards of %s have roots of more generations", of->city);
	list.authority = &options->terms.authorities[purpose][of->generation - 1];
	for (size_t i = 0; i < index->count; i++)
		for (size_t j = 0; j < count; j++)
			if (index->rows[i].generation == of->generation &&
			    strcmp(index->rows[i].prefecture, of->prefecture) == 0 &&
			    strcmp(index->rows[i].city, of->city) == 0 &&
			    is_revoked(&index->rows[i], purpose, &revocations[j]))
			{
				revoked[list.count++] = (Revoked){index->rows[i].serials[purpose],
				                                  revocations[j].at, revocations[j].reason};
				break;
			}
	crl = make_crl(&list);
	file = output_open(options->directory, "w", "crl-%s-%s-%s%s.der", purpose_names[purpose],
	                   of->prefecture, of->city, list.authority->suffix);
	if (crl == NULL || file == NULL || i2d_X509_CRL_fp(file, crl) != 1 || fclose(file) != 0)
		fail("the list of %s cannot be written", of->city);
	X509_CRL_free(crl);
	free(revoked);
}

static bool
is_revoked(const IndexRow *row, Purpose purpose, const Revocation *revocation)
{
	if (revocation->purpose != purpose || row->serials[purpose] == 0)
		return false;
	if (strncmp(revocation->key, "0x", 2) == 0)
		return strtoull(revocation->key, NULL, 16) == row->serials[purpose];
	return strcmp(revocation->key, row->key) == 0;
}
