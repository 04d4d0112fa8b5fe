/* The test groups of the recorder. */
#pragma once

int flood_tests(void);
int feed_tests(void);
int cancel_tests(void);
int redact_tests(void);
