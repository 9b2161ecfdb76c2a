import { rmSync } from "node:fs";
import { Closers } from "./closers.ts";
import { type Home, requireFreeSpace } from "./home.ts";
import { keepNats } from "./kept-nats.ts";
import { layoutIn } from "./layout.ts";
import type { Notice } from "./notice.ts";
import type { RunningPlane, StartOptions } from "./plane.ts";
import { makeRuntimeDir } from "./runtime-dir.ts";
import { watchSpace } from "./space-watch.ts";

/**
 * Starts nats-server and the services in this process, over the same contracts as apart: they meet on Unix sockets and on
 * the bus only. To read runs, nats-server and the public API are enough.
 */
export async function startPlane(home: Home, options: StartOptions, notice: Notice): Promise<RunningPlane> {
  if (options.mode === "full") requireFreeSpace(home);
  const closers = new Closers();
  try {
    const runtimeDir = makeRuntimeDir(home, options.env);
    closers.add({ close: () => rmSync(runtimeDir, { recursive: true, force: true }) });
    // Loading the services takes about as long as nats-server does to start.
    const loading = import("./in-process.ts");
    const nats = closers.add(await keepNats(home, notice));
    closers.add(watchSpace(home.root, notice, { onRoom: () => nats.restart() }));
    const layout = layoutIn(runtimeDir);
    const { startFull, startReading } = await loading;
    await (options.mode === "full" ? startFull : startReading)({ home, options, layout, nats, closers, notice });
    return { gateway: layout.gateway, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}
