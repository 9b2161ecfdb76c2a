import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buf } from "./buf.ts";

/** Generates TypeScript from proto/ into `gen`, with the descriptor set that gRPC reflection serves. */
export async function generateContracts(root: string, gen: string): Promise<void> {
  await mkdir(dirname(gen), { recursive: true });
  const dir = await mkdtemp(`${gen}-`);
  try {
    // buf.gen.yaml says where below the output folder the code goes.
    await buf(root, ["generate", "--output", join(dir, "proto")]);
    const image = join(dir, "descriptors.binpb");
    await buf(root, ["build", "--as-file-descriptor-set", "-o", image]);
    const generated = join(dir, "libs/contracts/src/gen");
    await writeFile(join(generated, "descriptors.ts"), descriptorsModule(await readFile(image)));
    await rename(generated, gen);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const descriptorsModule = (image: Buffer): string =>
  `/** google.protobuf.FileDescriptorSet of proto/, for gRPC reflection. */\n` +
  `export const descriptorSet: Uint8Array = Buffer.from(\n  "${image.toString("base64")}",\n  "base64",\n);\n`;
