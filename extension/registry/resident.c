/* SQL entry points of the registry's checks of single values. */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "passport.h"
#include "registry/individual_number.h"
#include "registry/resident.h"
#include "registry/telephone.h"

PG_FUNCTION_INFO_V1(passport_holds_individual_number);
PG_FUNCTION_INFO_V1(passport_telephone_form);
PG_FUNCTION_INFO_V1(passport_telephone_fault);
PG_FUNCTION_INFO_V1(passport_telephone_shown);

static const char *telephone_argument(FunctionCallInfo fcinfo, char form[TELEPHONE_FORM_MAX]);

/* RefuseIndividualNumber refuses a text that comes from outside and holds one; NULL holds none. */
void
RefuseIndividualNumber(const char *pointer, const text *value)
{
	if (value != NULL && HoldsIndividualNumber(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)))
		RefuseInput(pointer, "individual_number",
		            "The field holds an individual number, which is never stored.");
}

/* passport_holds_individual_number asks HoldsIndividualNumber about a text. */
Datum
passport_holds_individual_number(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(HoldsIndividualNumber(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

/* passport_telephone_form returns the form in which a telephone number is kept. */
Datum
passport_telephone_form(PG_FUNCTION_ARGS)
{
	char form[TELEPHONE_FORM_MAX];

	if (telephone_argument(fcinfo, form) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(form));
}

/* passport_telephone_fault returns what is wrong with a telephone number. */
Datum
passport_telephone_fault(PG_FUNCTION_ARGS)
{
	char form[TELEPHONE_FORM_MAX];
	const char *fault = telephone_argument(fcinfo, form);

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}

/* passport_telephone_shown returns a telephone number as it is dialled here. */
Datum
passport_telephone_shown(PG_FUNCTION_ARGS)
{
	char form[TELEPHONE_FORM_MAX], shown[TELEPHONE_SHOWN_MAX];

	if (telephone_argument(fcinfo, form) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(shown, (int) ShowTelephone(form, shown)));
}

static const char *
telephone_argument(FunctionCallInfo fcinfo, char form[TELEPHONE_FORM_MAX])
{
	text *number = PG_GETARG_TEXT_PP(0);

	return TelephoneFault(VARDATA_ANY(number), VARSIZE_ANY_EXHDR(number), form);
}
