/** Waits for all of them, also where one fails, so that nothing is still starting when what has started is ended. */
export async function together(starts: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(starts);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
