/** The scripted model server as a process of its own, with the same main as every service. */
import { z } from "zod";
import { startScriptedModel } from "@cofferdam/scripted-model";
import { Address, countField, runService } from "@cofferdam/service";

const fields = {
  COFFERDAM_SCRIPT_ROOTS: z.string().describe("folders that programs are loaded from, as a JSON array"),
  COFFERDAM_SCRIPTED_PORT: countField("port on loopback"),
};

await runService("scripted-model", fields, async ({ config }) => {
  const roots = z.array(z.string()).parse(JSON.parse(config.COFFERDAM_SCRIPT_ROOTS));
  const model = await startScriptedModel({ roots, port: config.COFFERDAM_SCRIPTED_PORT });
  return { address: Address(new URL(model.url).host), close: () => model.close() };
});
