import { Team } from "@cofferdam/run-log";
import { natsFields, runService } from "@cofferdam/service";
import { createPlanner } from "./service.ts";

await runService("planner", natsFields, async (context) =>
  createPlanner({
    nc: await context.nats(),
    team: Team(context.team),
    instance: context.instance,
    logger: context.logger,
  }),
);
