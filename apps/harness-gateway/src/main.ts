import { z } from "zod";
import { addressField, countField, listField, natsFields, runService } from "@cofferdam/service";
import { modelFromEnvironment } from "./domain/model-config.ts";
import { createHarnessGateway, ROLES } from "./service.ts";

const fields = {
  ...natsFields,
  COFFERDAM_LISTEN: addressField("where this process serves gRPC"),
  COFFERDAM_ROLES: listField(ROLES, "roles of this process").prefault(ROLES.join(",")),
  COFFERDAM_BROKER: addressField("sandbox-broker"),
  COFFERDAM_SNAPSHOT_STORE: addressField("snapshot-store"),
  COFFERDAM_LEDGER: addressField("provenance-ledger"),
  COFFERDAM_CALLS: addressField("harness-gateway with role calls; this process when it has that role").optional(),
  COFFERDAM_OBJECTS_DIR: z.string().describe("folder of the object store"),
  COFFERDAM_STATE_DIR: z.string().describe("folder of the call service's journal"),
  COFFERDAM_LOCAL_FILES: z
    .enum(["allow", "deny"])
    .default("deny")
    .describe("whether manifests may name files of this machine"),
  COFFERDAM_MAX_TASKS: countField("tasks at once in this process").prefault("64"),
  COFFERDAM_MODEL_BACKGROUND: z
    .enum(["auto", "on", "off"])
    .default("auto")
    .describe("whether model calls run in the background"),
  COFFERDAM_SCRIPTED_MODEL_URL: z.url().optional().describe("scripted model server, used when OPENAI_API_KEY is unset"),
  COFFERDAM_SCRIPTED_MODEL_KEY: z.string().optional().describe("key of the scripted model server"),
  OPENAI_API_KEY: z.string().min(1).optional().describe("key of the model provider"),
  OPENAI_BASE_URL: z.url().default("https://api.openai.com/v1").describe("base URL of the Responses API"),
};

await runService("harness-gateway", fields, async (context) => {
  const { config, team, instance, logger } = context;
  return await createHarnessGateway({
    address: config.COFFERDAM_LISTEN,
    nc: await context.nats(),
    team,
    instance,
    logger,
    roles: config.COFFERDAM_ROLES,
    broker: config.COFFERDAM_BROKER,
    snapshotStore: config.COFFERDAM_SNAPSHOT_STORE,
    ledger: config.COFFERDAM_LEDGER,
    calls: config.COFFERDAM_CALLS ?? config.COFFERDAM_LISTEN,
    objectsDir: config.COFFERDAM_OBJECTS_DIR,
    stateDir: config.COFFERDAM_STATE_DIR,
    localFiles: config.COFFERDAM_LOCAL_FILES,
    maxTasks: config.COFFERDAM_MAX_TASKS,
    model: modelFromEnvironment({
      apiKey: config.OPENAI_API_KEY,
      baseUrl: config.OPENAI_BASE_URL,
      scriptedUrl: config.COFFERDAM_SCRIPTED_MODEL_URL,
      scriptedKey: config.COFFERDAM_SCRIPTED_MODEL_KEY,
      background: config.COFFERDAM_MODEL_BACKGROUND,
    }),
  });
});
