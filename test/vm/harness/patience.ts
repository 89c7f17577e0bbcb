/**
 * How long a test waits for what comes to its end anyway: far longer than it takes where every core has other work,
 * and short enough that the test still says what it waited for before vitest ends it.
 */
export const patienceMs = 600_000;
