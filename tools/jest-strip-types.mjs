import { stripTypeScriptTypes } from "node:module";

/** Jest transformer: the same type stripping that runs the services, so tests see the same code. */
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: "strip" }) }),
};
