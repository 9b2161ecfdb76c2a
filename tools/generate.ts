/** Generates libs/contracts/src/gen from proto/: TypeScript and the descriptor set that gRPC reflection serves. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const gen = join(root, "libs/contracts/src/gen");
const buf = join(root, "node_modules/.bin/buf");

rmSync(gen, { recursive: true, force: true });
mkdirSync(gen, { recursive: true });
execFileSync(buf, ["generate"], { cwd: join(root, "proto"), stdio: "inherit" });

const image = join(gen, "descriptors.binpb");
execFileSync(buf, ["build", "--as-file-descriptor-set", "-o", image], { cwd: join(root, "proto"), stdio: "inherit" });
const base64 = readFileSync(image).toString("base64");
rmSync(image);
writeFileSync(
  join(gen, "descriptors.ts"),
  `/** google.protobuf.FileDescriptorSet of proto/, for gRPC reflection. */\nexport const descriptorSet: Uint8Array = Buffer.from(\n  "${base64}",\n  "base64",\n);\n`,
);
