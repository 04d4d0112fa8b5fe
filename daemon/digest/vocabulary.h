/* The rules of themes that a configuration has: the shipped vocabulary's and the operator's. */
#pragma once

#include "config/config.h"
#include "normalize/theme.h"

/* Nothing of `config` is kept. */
struct theme_rules *vocabulary_rules(const struct config *config);
