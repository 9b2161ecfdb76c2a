/** The scripted model server as a process of its own, with the same main as every service. */
import { z } from "zod";
import { startScriptedModel } from "@cofferdam/scripted-model";
import { Address, countField, runService } from "@cofferdam/service";

const fields = {
  COFFERDAM_SCRIPTED_MODEL_KEY: z.string().describe("key that callers must present"),
  COFFERDAM_SCRIPTED_PORT: countField("port on loopback"),
};

await runService("scripted-model", fields, async ({ config }) => {
  const model = await startScriptedModel({
    // Whoever holds the key is this user, who may run any program of theirs anyway.
    roots: ["/"],
    port: config.COFFERDAM_SCRIPTED_PORT,
    apiKey: config.COFFERDAM_SCRIPTED_MODEL_KEY,
  });
  return { address: Address(new URL(model.url).host), close: () => model.close() };
});
