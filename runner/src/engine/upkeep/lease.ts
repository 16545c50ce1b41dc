/** How long a claim of a job or a delivery is valid, in ms. It is renewed three times before it expires. */
export const LEASE_MS = 30_000;
