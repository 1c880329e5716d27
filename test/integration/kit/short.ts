// Times after which silence is noticed, in tests that bring it about. A busy machine is silent for a second now and then.
export const SHORT = { pingEvery: 800, deadAfter: 4_000 };
export const SHORT_PROBES = { probeEvery: 1_000, probeTimeout: 1_500 };
