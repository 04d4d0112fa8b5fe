/* A fuzz target is one function; libFuzzer brings main(). It ends the process (abort) when a
 * property does not hold. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
