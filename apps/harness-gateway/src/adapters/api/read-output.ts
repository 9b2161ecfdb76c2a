import type { events, run } from "@cofferdam/contracts";
import { RpcError } from "@cofferdam/service";
import { openLocation } from "@cofferdam/storage";

/** Bytes of one published file, from where it was published. */
export async function* readOutput(
  outputs: readonly events.PublishedOutput[],
  { output, path }: run.ReadOutputRequest,
): AsyncGenerator<Uint8Array> {
  const published = outputs.find(({ name }) => name === output);
  if (published === undefined)
    throw missing(
      `there is no output ${JSON.stringify(output)}`,
      outputs.map(({ name }) => name),
    );
  const file = published.files.find((candidate) => candidate.path === path);
  if (file === undefined) {
    throw missing(
      `output ${output} has no file ${JSON.stringify(path)}`,
      published.files.map((f) => f.path),
    );
  }
  const { body } = await openLocation(published.location, "/").get(file.path);
  yield* body;
}

const missing = (message: string, known: readonly string[]): RpcError =>
  new RpcError({
    status: "NOT_FOUND",
    reason: "NO_SUCH_OUTPUT",
    message,
    mend: known.length === 0 ? "nothing was published" : `there is ${known.slice(0, 10).join(", ")}`,
  });
