import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { assert, asyncProperty, array, constantFrom, tuple, uint8Array } from "fast-check";
import { OutputJournal, readJournal } from "./output-journal.ts";

const folder = mkdtempSync(join(tmpdir(), "cofferdam-journal-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function gathered(frames: AsyncIterable<{ readonly stream: string; readonly data: Buffer }>) {
  const parts: Record<string, Buffer[]> = { stdout: [], stderr: [] };
  for await (const { stream, data } of frames) parts[stream]?.push(data);
  return [Buffer.concat(parts["stdout"] ?? []), Buffer.concat(parts["stderr"] ?? [])];
}

test("readers of any time get the same bytes: those that follow, and those that come later", async () => {
  let n = 0;
  const piece = tuple(constantFrom("stdout" as const, "stderr" as const), uint8Array({ maxLength: 3_000 }));
  await assert(
    asyncProperty(array(piece, { maxLength: 20 }), async (pieces) => {
      const path = join(folder, String(n++));
      const journal = await OutputJournal.create(path);
      const following = gathered(journal.read());
      for (const [stream, bytes] of pieces) await journal.append(stream, Buffer.from(bytes));
      const joined = gathered(journal.read());
      await journal.seal(true);
      const later = await gathered(readJournal(path));
      const expected = ["stdout", "stderr"].map((s) =>
        Buffer.concat(pieces.filter(([name]) => name === s).map(([, b]) => b)),
      );
      expect(later).toEqual(expected);
      expect(await following).toEqual(expected);
      expect(await joined).toEqual(expected);
      expect([journal.bytes.stdout, journal.bytes.stderr]).toEqual(expected.map((b) => b.length));
    }),
    { numRuns: 30 },
  );
});

test("a journal without output has an end, too", async () => {
  const journal = await OutputJournal.create(join(folder, "empty"));
  const following = gathered(journal.read());
  await journal.seal(true);
  expect(await following).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
});
