import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { watchSpace } from "./space-watch.ts";

test("a disk that runs full is said once, and so is the room that somebody makes", async () => {
  const said: string[] = [];
  let free = 1 << 30;
  const watch = watchSpace("/home/x", (text) => said.push(text), {
    everyMs: 1,
    freeBytesAt: () => free,
    onRoom: () => said.push("room"),
  });
  await sleep(20);
  expect(said).toEqual([]);
  free = 5 << 20;
  await sleep(20);
  expect(said).toEqual([expect.stringMatching(/\/home\/x is nearly full \(5 MiB are free\).*waits/)]);
  free = 1 << 30;
  await sleep(20);
  expect(said.slice(1)).toEqual(["there is room again on the disk of /home/x", "room"]);
  watch.close();
});
