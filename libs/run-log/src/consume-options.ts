/**
 * A server that was killed has forgotten its ordered consumers, and two missed heartbeats are how the client notices; by
 * default that takes it more than 30 s.
 */
export const NOTICE_SOON = { idle_heartbeat: 1_000, expires: 10_000 } as const;
