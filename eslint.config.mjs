import nx from "@nx/eslint-plugin";
import parser from "@typescript-eslint/parser";
import { createProjectGraphAsync } from "nx/src/project-graph/project-graph.js";

// The rule reads only the graph that Nx has cached; without one it warns and checks nothing.
process.env["NX_DAEMON"] ??= "false";
await createProjectGraphAsync({ exitOnError: false });

/** Only module boundaries are checked here; everything else is oxlint's. */
export default [
  { ignores: ["**/node_modules/**", "**/dist/**", "**/gen/**", ".cofferdam/**"] },
  {
    files: ["apps/**/*.ts", "libs/**/*.ts"],
    languageOptions: { parser },
    plugins: { "@nx": nx },
    linterOptions: { reportUnusedDisableDirectives: "off" },
    rules: {
      "@nx/enforce-module-boundaries": [
        "error",
        {
          allow: [],
          depConstraints: [
            { sourceTag: "type:contracts", onlyDependOnLibsWithTags: [] },
            { sourceTag: "type:lib", onlyDependOnLibsWithTags: ["type:lib", "type:contracts"] },
            { sourceTag: "scope:cli", onlyDependOnLibsWithTags: ["type:app", "type:lib", "type:contracts"] },
            { sourceTag: "type:app", onlyDependOnLibsWithTags: ["type:lib", "type:contracts", "type:app"] },
            ...["planner", "harness-gateway", "sandbox-broker", "snapshot-store", "provenance-ledger"].map((scope) => ({
              sourceTag: `scope:${scope}`,
              onlyDependOnLibsWithTags: [`scope:${scope}`, "scope:shared"],
            })),
          ],
        },
      ],
    },
  },
];
