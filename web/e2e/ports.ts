// Chosen once; the workers inherit it through the environment.
process.env.CITYEVENTS_E2E_PORT ??= String(20_000 + 2 * (process.pid % 5_000))

export const PORT = Number(process.env.CITYEVENTS_E2E_PORT)
export const OPS_PORT = PORT + 1
