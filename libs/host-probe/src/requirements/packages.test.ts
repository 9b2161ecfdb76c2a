import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { missingPackages, packagesState, writeStamp } from "./packages.ts";

const lock = {
  packages: {
    "": {},
    "libs/a": { version: "0.1.0" },
    "node_modules/@cofferdam/a": { link: true },
    "node_modules/run": { version: "1.0.0" },
    "node_modules/jest": { version: "30.0.0", dev: true },
    "node_modules/other-platform": { version: "1.0.0", optional: true },
  },
};

function checkout(installed?: object): string {
  const root = mkdtempSync(join(tmpdir(), "cofferdam-packages-"));
  mkdirSync(join(root, "node_modules"));
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(lock));
  if (installed) writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify(installed));
  return root;
}

const forRunning = {
  packages: { "node_modules/@cofferdam/a": { link: true }, "node_modules/run": { version: "1.0.0" } },
};

test("running needs neither tools nor other platforms' packages", () => {
  expect(missingPackages(lock, forRunning, "run")).toEqual([]);
  expect(missingPackages(lock, forRunning, "all")).toEqual(["node_modules/jest"]);
});

test("another version is as bad as none", () => {
  const old = { packages: { ...forRunning.packages, "node_modules/run": { version: "0.9.0" } } };
  expect(missingPackages(lock, old, "run")).toEqual(["node_modules/run"]);
});

test("a tree that npm was run for by hand is whole; without npm's record it is missing", () => {
  expect(packagesState(checkout(forRunning), "run")).toBe("whole");
  expect(packagesState(checkout(forRunning), "all")).toBe("missing");
  expect(packagesState(checkout(), "run")).toBe("missing");
});

test("a stamp for testing is good for running, not the other way round, and ends with its lock file", () => {
  const root = checkout();
  writeStamp(root, "run");
  expect(packagesState(root, "run")).toBe("stamped");
  expect(packagesState(root, "all")).toBe("missing");
  writeStamp(root, "all");
  expect(packagesState(root, "run")).toBe("stamped");
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: {} }));
  expect(packagesState(root, "all")).toBe("missing");
});
