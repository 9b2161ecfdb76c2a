import { connectNats } from "@cofferdam/nats-local";
import { withNats } from "@cofferdam/nats-local/testing";
import { Team } from "@cofferdam/run-log";
import { silentLogger } from "@cofferdam/service";
import { expect, test } from "@jest/globals";
import { createPlanner } from "./service.ts";

test("a planner that is closed while it is still subscribing ends at once", async () => {
  const nats = await withNats();
  for (let pauseMs = 0; pauseMs < 40; pauseMs += 8) {
    const nc = await connectNats(nats.url, nats.token, "planner");
    const planner = await createPlanner({ nc, team: Team("t"), instance: `p${pauseMs}`, logger: silentLogger });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const begin = performance.now();
    await planner.close();
    expect(performance.now() - begin).toBeLessThan(4_000);
    await nc.close();
  }
  await nats.close();
});
