/** What `./cofferdam` runs: brings what the command needs, then becomes the command. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { thisCheckout } from "../libs/host-probe/src/checkout.ts";
import { look, nothingMissing } from "./setup/look.ts";
import { needsOf } from "./setup/needs.ts";

const checkout = thisCheckout();
const args = process.argv.slice(2);
const needs = needsOf(checkout, args);
const seen = await look(checkout, needs);
// Loaded only when there is something to do: a start with nothing to do is instant.
const ready = nothingMissing(seen)
  ? seen
  : await (await import("./setup/set-up-or-exit.ts")).setUpOrExit(checkout, needs, args);
Object.assign(process.env, ready.variables);

const main = join(checkout.root, args[0] === "test" ? "tools/test.ts" : "apps/cli/src/main.ts");
process.argv[1] = main;
await import(pathToFileURL(main).href);
