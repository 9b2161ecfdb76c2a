import { Team } from "@cofferdam/run-log";
import { natsFields, runService } from "@cofferdam/service";
import { createPlanner } from "./service.ts";

await runService("planner", natsFields, async ({ nats, team, instance, logger }) =>
  createPlanner({ nc: await nats(), team: Team(team), instance, logger }),
);
