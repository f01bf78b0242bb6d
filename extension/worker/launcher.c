#include "postgres.h"

#include "passport.h"

void
RegisterPassportWorker(void)
{
}
