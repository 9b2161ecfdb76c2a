/** `npm run generate`: writes libs/contracts/src/gen anew from proto/. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { generateContracts } from "./contracts/generate-contracts.ts";

const root = join(import.meta.dirname, "..");
const gen = join(root, "libs/contracts/src/gen");
await rm(gen, { recursive: true, force: true });
await generateContracts(root, gen);
