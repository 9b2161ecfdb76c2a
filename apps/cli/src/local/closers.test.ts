import { expect, test } from "@jest/globals";
import { Closers } from "./closers.ts";

test("what was started last ends first, and one end that fails or hangs does not keep the others from ending", async () => {
  const ended: string[] = [];
  const closers = new Closers();
  closers.add({ close: () => void ended.push("first") });
  closers.add({ close: () => new Promise<void>(() => undefined) });
  closers.add({
    close: async () => {
      throw new Error("broken");
    },
  });
  closers.add({ close: () => void ended.push("last") });
  await expect(closers.close(50)).rejects.toThrow("broken");
  expect(ended).toEqual(["last", "first"]);
  await closers.close();
  expect(ended).toHaveLength(2);
});
