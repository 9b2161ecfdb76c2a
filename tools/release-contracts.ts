/** `npm run release:contracts`: from now on, proto/ must stay compatible with what it is today. */
import { join } from "node:path";
import { releaseContracts } from "./contracts/released-contracts.ts";

process.stdout.write(`${await releaseContracts(join(import.meta.dirname, ".."))}\n`);
