/** One Jest process for the whole tree: starting one per project costs more than the tests. */
export default {
  testEnvironment: "node",
  testEnvironmentOptions: { customExportConditions: ["@cofferdam/source", "node", "node-addons"] },
  roots: ["<rootDir>/apps", "<rootDir>/libs", "<rootDir>/tools", "<rootDir>/examples"],
  testMatch: ["**/*.test.ts"],
  modulePathIgnorePatterns: ["/dist/", "/.cofferdam/"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tools/jest-strip-types.mjs" },
  testTimeout: 60_000,
};
