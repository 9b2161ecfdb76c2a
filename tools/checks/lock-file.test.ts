import { expect, test } from "@jest/globals";
import { lockProblems } from "./lock-file.ts";

const types = { "node_modules/@types/node": { version: "24.10.1" } };

test("a lock file without hosts, with the types of its Node, is good", () => {
  expect(lockProblems({ packages: { ...types, "node_modules/@cofferdam/a": { resolved: "libs/a" } } }, 24)).toEqual([]);
});

test("a registry host is found, and types of another Node", () => {
  const resolved = "https://registry.example/a/-/a-1.0.0.tgz";
  const packages = { "node_modules/a": { resolved }, "node_modules/@types/node": { version: "20.1.0" } };
  expect(lockProblems({ packages }, 24)).toEqual([
    expect.stringContaining(resolved),
    expect.stringContaining("@types/node is 20.1.0"),
  ]);
});
