#include "model/fault.h"

#define FAULT_TEXT(name, text) text,
static const char *const names[FAULT_COUNT] = {FAULTS(FAULT_TEXT)};
#undef FAULT_TEXT

const char *fault_name(enum fault fault)
{
	return (unsigned)fault < FAULT_COUNT ? names[fault] : "";
}
