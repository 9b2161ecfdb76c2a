import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { assert, constantFrom, dictionary, property, string } from "fast-check";
import { z } from "zod";
import { addressField, countField, listField, loadConfig, StartupError } from "./index.ts";

const schema = z.object({
  TEAM: z
    .string()
    .regex(/^[a-z]+$/, "must be lowercase letters")
    .describe("team that is served"),
  LISTEN: addressField("where to listen"),
  TOKEN: z.string().optional().describe("token for NATS"),
  WAIT_MS: countField("milliseconds to wait").prefault("15"),
  ROLES: listField(["api", "worker"], "roles of this process").prefault("api,worker"),
});

const good = { TEAM: "care", LISTEN: "127.0.0.1:0" };
const file = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), "cofferdam-config-")), "secret");
  writeFileSync(path, text);
  return path;
};

function problemsOf(env: Record<string, string>): string {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof StartupError && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  return "";
}

test("values are parsed and defaults filled in", () => {
  expect(loadConfig(schema, { ...good, ROLES: "worker, worker", UNRELATED: "x" })).toEqual({
    TEAM: "care",
    LISTEN: "127.0.0.1:0",
    WAIT_MS: 15,
    ROLES: ["worker"],
  });
});

test("all problems are told at once, by variable, with what the variable means", () => {
  const text = problemsOf({ TEAM: "Ä", WAIT_MS: "soon", ROLES: "api,king" });
  expect(
    text
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(" ")[0]),
  ).toEqual(["TEAM", "LISTEN", "WAIT_MS", "ROLES"]);
  expect(text).toContain("TEAM is wrong: must be lowercase letters (team that is served)");
  expect(text).toContain("LISTEN is not set (where to listen)");
});

test("an address beyond loopback is refused with its reason", () => {
  expect(problemsOf({ ...good, LISTEN: "0.0.0.0:80" })).toContain("must be unix:<path>");
});

test("a secret comes from a file, without its last line end", () => {
  expect(loadConfig(schema, { ...good, TOKEN_FILE: file("s3cret\n") }).TOKEN).toBe("s3cret");
});

test("a variable and its file together are ambiguous, and neither value is repeated", () => {
  const text = problemsOf({ ...good, TOKEN: "aaa", TOKEN_FILE: file("bbb") });
  expect(text).toContain("TOKEN is set, and TOKEN_FILE too");
  expect(text).not.toMatch(/aaa|bbb/);
});

test("a file that is empty or missing is named", () => {
  expect(problemsOf({ ...good, TOKEN_FILE: file("\n") })).toContain("which is empty");
  expect(problemsOf({ ...good, TOKEN_FILE: "/nonexistent/token" })).toContain(
    "/nonexistent/token (TOKEN_FILE), which fails with ENOENT",
  );
});

test("an empty variable counts as unset", () => {
  expect(problemsOf({ ...good, TEAM: "" })).toContain("TEAM is not set");
});

test("whatever the environment holds, the answer is a configuration or CONFIG_INVALID", () => {
  const variable = constantFrom("TEAM", "LISTEN", "TOKEN", "WAIT_MS", "ROLES", "TOKEN_FILE");
  assert(
    property(dictionary(variable, string()), (env) => {
      expect(typeof problemsOf(env)).toBe("string");
    }),
  );
});
