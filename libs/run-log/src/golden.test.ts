import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { eventCodecs } from "./event-types.ts";
import { foldAll, plainState, readGolden } from "./testing/index.ts";

const golden = readGolden();

test.each(golden)("$version/$name folds as it did when it was recorded", ({ key, messages, state }) => {
  // A later version may know more of a log; what was known stays.
  expect(plainState(foldAll(key, messages))).toMatchObject(state);
});

test("the recorded logs of this version hold every event type", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const text = golden
    .filter((log) => log.version === version)
    .flatMap((log) => log.messages.map((m) => Buffer.from(m.bytes).toString("utf8")))
    .join("\n");
  expect(Object.keys(eventCodecs).filter((type) => !text.includes(`"cofferdam.${type}"`))).toEqual([]);
});
