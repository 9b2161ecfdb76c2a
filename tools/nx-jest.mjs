import { dirname } from "node:path";

const JEST =
  "node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js --passWithNoTests";

/**
 * Nx plugin: every app and lib has a `test` target that runs the one Jest over its folder, so that no package.json has
 * to say so.
 */
export const createNodesV2 = [
  "{apps,libs}/*/package.json",
  (files) =>
    files.map((file) => {
      const root = dirname(file);
      const test = { command: `${JEST} ${root}/`, options: { cwd: "{workspaceRoot}" } };
      return [file, { projects: { [root]: { root, targets: { test } } } }];
    }),
];
