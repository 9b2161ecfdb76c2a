import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

let folder: string;
let url: string;
const main = join(import.meta.dirname, "../main.ts");
let server: ReturnType<typeof spawn>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scripted-"));
  await writeFile(join(folder, "word.mjs"), `export const word = "one";\n`);
  await writeFile(
    join(folder, "model.mjs"),
    `import { word } from "./word.mjs";\nexport default () => ({ text: word });\n`,
  );
  const ready = join(folder, "ready.json");
  const args = ["--conditions=@cofferdam/source", main, "--root", folder, "--ready-file", ready];
  server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  if (server.stdout === null) throw new Error("no output");
  const [line] = (await once(createInterface(server.stdout), "line")) as [string];
  url = (JSON.parse(line) as { url: string }).url;
});

afterAll(async () => {
  server.kill("SIGTERM");
  const [code] = (await once(server, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the server ended with ${code}`);
  await rm(folder, { recursive: true, force: true });
});

async function ask(path: string): Promise<{ status: number; text: string }> {
  const body = JSON.stringify({ model: `scripted:${path}`, input: "x" });
  const reply = await fetch(`${url}/responses`, { method: "POST", headers: { authorization: "Bearer x" }, body });
  const json = (await reply.json()) as {
    error?: { code: string };
    output?: { content: { text: string }[] }[];
  };
  return { status: reply.status, text: json.output?.[0]?.content[0]?.text ?? json.error?.code ?? "" };
}

test("a program is read again when one of its files has changed, and only then", async () => {
  const model = join(folder, "model.mjs");
  expect(await ask(model)).toEqual({ status: 200, text: "one" });
  await writeFile(join(folder, "word.mjs"), `export const word = "two";\n`);
  expect(await ask(model)).toEqual({ status: 200, text: "two" });
  await writeFile(model, `let n = 0;\nexport default () => ({ text: String(++n) });\n`);
  expect(await ask(model)).toEqual({ status: 200, text: "1" });
  expect(await ask(model)).toEqual({ status: 200, text: "2" });
});

test("a program that cannot be loaded is refused, and can be mended", async () => {
  const path = join(folder, "broken.mjs");
  await writeFile(path, "export default (;");
  expect(await ask(path)).toEqual({ status: 400, text: "script_not_loadable" });
  await writeFile(path, "export default 7;");
  expect(await ask(path)).toEqual({ status: 400, text: "script_not_loadable" });
  await writeFile(path, `export default () => ({ text: "mended" });`);
  expect(await ask(path)).toEqual({ status: 200, text: "mended" });
});

test("a link that leads out of the roots does not get a program loaded", async () => {
  const outside = await mkdtemp(join(tmpdir(), "scripted-outside-"));
  await writeFile(join(outside, "model.mjs"), `export default () => ({ text: "got out" });`);
  await symlink(join(outside, "model.mjs"), join(folder, "link.mjs"));
  expect(await ask(join(folder, "link.mjs"))).toEqual({ status: 400, text: "script_outside_roots" });
  expect(await ask(`${folder}/../${outside.split("/").at(-1)}/model.mjs`)).toEqual({
    status: 400,
    text: "script_outside_roots",
  });
  await rm(outside, { recursive: true, force: true });
});
