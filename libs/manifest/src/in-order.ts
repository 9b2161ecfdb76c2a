/** Files that are looked at together: enough to keep the thread pool busy, few enough to hold no crowd of descriptors. */
const AT_ONCE = 32;

/** Does asynchronous work on several items at once and gives the results in the items' order. */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<{ readonly item: T; readonly result: R }> {
  let batch: T[] = [];
  const finish = async () => {
    const done = await Promise.all(batch.map(async (item) => ({ item, result: await work(item) })));
    batch = [];
    return done;
  };
  for await (const item of items) {
    batch.push(item);
    if (batch.length >= AT_ONCE) yield* await finish();
  }
  yield* await finish();
}
