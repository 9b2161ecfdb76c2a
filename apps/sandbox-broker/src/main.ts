import { findBubblewrap } from "@cofferdam/sandbox-namespace";
import { addressField, runService } from "@cofferdam/service";
import { z } from "zod";
import { parseFaults } from "./domain/faults.ts";
import { createSandboxBroker } from "./service.ts";

const fields = {
  COFFERDAM_LISTEN: addressField("where to serve gRPC"),
  COFFERDAM_DATA_DIR: z.string().describe("folder for the broker's state"),
  COFFERDAM_SANDBOX_ROOT: z.string().describe("folder for sandboxes; as root, one that other users may enter"),
  COFFERDAM_SNAPSHOT_STORE: addressField("address of the snapshot store"),
  COFFERDAM_CACHE_DIR: z.string().optional().describe("folder of downloaded tools"),
  COFFERDAM_UID_RANGE: z
    .string()
    .regex(/^\d{4,9}-\d{4,9}$/, "must be <first>-<last>")
    .transform((text) => text.split("-").map(Number))
    .refine(([first = 0, last = 0]) => first >= 1_000 && last >= first, "must be an ascending range above 1000")
    .prefault("200000-265535")
    .describe("user ids for sandboxes, used by nobody else on this machine"),
  COFFERDAM_CGROUP: z.string().optional().describe("control group (version 2) that was delegated to this service"),
  COFFERDAM_FAULTS: z.string().prefault("").describe("faults to inject, e.g. kill-sandbox@19; for tests only"),
} as const;

await runService("sandbox-broker", fields, async ({ config, team, logger }) => {
  const [first = 0, last = 0] = config.COFFERDAM_UID_RANGE;
  const { COFFERDAM_CACHE_DIR: cacheDir, COFFERDAM_CGROUP: delegatedCgroup } = config;
  const { path } = await findBubblewrap(cacheDir === undefined ? {} : { cacheDir });
  return createSandboxBroker({
    address: config.COFFERDAM_LISTEN,
    stateDir: config.COFFERDAM_DATA_DIR,
    sandboxRoot: config.COFFERDAM_SANDBOX_ROOT,
    bwrap: path,
    snapshotStore: config.COFFERDAM_SNAPSHOT_STORE,
    team,
    logger,
    faults: parseFaults(config.COFFERDAM_FAULTS),
    uids: { first, count: last - first + 1 },
    ...(delegatedCgroup === undefined ? {} : { delegatedCgroup }),
  });
});
