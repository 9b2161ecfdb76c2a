// Records the golden logs of the version in package.json, once: node --conditions=@cofferdam/source <this file>
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { logName } from "../log-key.ts";
import { goldenDir, plainState } from "./golden.ts";
import { goldenScenarios } from "./golden-scenarios.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const dir = join(goldenDir, version);
if (existsSync(dir)) throw new Error(`golden/${version} is recorded already; recorded logs never change`);
mkdirSync(dir, { recursive: true });
for (const [name, log] of Object.entries(goldenScenarios())) {
  const lines = log.messages.map((message) => Buffer.from(message.bytes).toString("utf8"));
  writeFileSync(join(dir, `${name}.jsonl`), `${lines.join("\n")}\n`);
  const expected = { team: log.key.team, log: logName(log.key), state: plainState(log.state) };
  writeFileSync(join(dir, `${name}.state.json`), `${JSON.stringify(expected, null, 1)}\n`);
}
