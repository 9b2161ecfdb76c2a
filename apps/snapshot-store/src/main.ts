import { addressField, runService } from "@cofferdam/service";
import { z } from "zod";
import { createSnapshotStore } from "./service.ts";

const fields = {
  COFFERDAM_LISTEN: addressField("where it serves gRPC: unix:<path> or <loopback address>:<port>"),
  COFFERDAM_DATA_DIR: z.string().min(1).describe("folder that holds the objects"),
};

await runService("snapshot-store", fields, async ({ config, team, logger }) =>
  createSnapshotStore({ address: config.COFFERDAM_LISTEN, dataDir: config.COFFERDAM_DATA_DIR, team, logger }),
);
