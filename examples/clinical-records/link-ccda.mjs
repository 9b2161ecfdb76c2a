#!/usr/bin/env node
// Puts the XML documents of a folder where manifest-ccda.yaml looks: node link-ccda.mjs <folder>
// A manifest sees nothing above its own folder, so the files come to it: as hard links, or copies where that fails.
import { copyFileSync, globSync, linkSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Usage: node link-ccda.mjs <folder with C-CDA documents>");
const from = resolve(folder);
const into = join(import.meta.dirname, ".data", "ccda");
const files = globSync("**/*.xml", { cwd: from });
if (files.length === 0) throw new Error(`There is no .xml file below ${from}.`);
rmSync(into, { recursive: true, force: true });
for (const file of files) {
  mkdirSync(join(into, dirname(file)), { recursive: true });
  try {
    linkSync(join(from, file), join(into, file));
  } catch {
    copyFileSync(join(from, file), join(into, file));
  }
}
console.log(`${files.length} documents in ${into}`);
