import { existsSync } from "node:fs";
import { join } from "node:path";

const root = import.meta.dirname;

/** One Jest process for the whole tree: starting one per project costs more than the tests. */
export default {
  testEnvironment: "node",
  testEnvironmentOptions: { customExportConditions: ["@cofferdam/source", "node", "node-addons"] },
  roots: ["apps", "libs", "tools", "bench", "examples", "infra"].map((dir) => join(root, dir)).filter(existsSync),
  testMatch: ["**/*.test.ts"],
  modulePathIgnorePatterns: ["/dist/", "<rootDir>/.cofferdam/"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tools/jest-strip-types.mjs" },
  testTimeout: 300_000,
};
