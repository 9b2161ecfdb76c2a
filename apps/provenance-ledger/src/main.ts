import { z } from "zod";
import { Team } from "@cofferdam/run-log";
import { addressField, natsFields, runService } from "@cofferdam/service";
import { createProvenanceLedger } from "./service.ts";

const fields = {
  ...natsFields,
  COFFERDAM_LISTEN: addressField("where EvidenceService listens: unix:<path> or <loopback>:<port>"),
  COFFERDAM_DATA_DIR: z.string().describe("folder that holds the ledger"),
  COFFERDAM_KEY_FILE: z.string().describe("signing key of the ledger; made where there is none"),
};

await runService("provenance-ledger", fields, async (context) => {
  const { config, team, logger } = context;
  return createProvenanceLedger({
    address: config.COFFERDAM_LISTEN,
    nc: await context.nats(),
    dataDir: config.COFFERDAM_DATA_DIR,
    team: Team(team),
    keyFile: config.COFFERDAM_KEY_FILE,
    logger,
  });
});
