import { createServer } from "node:net";
import { missing, ok, type Finding } from "../finding.ts";

const NAME = "loopback";

/** Whether a port can be bound on 127.0.0.1: the private nats-server listens there. */
export async function probeLoopback(): Promise<Finding> {
  const server = createServer();
  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.on("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    return ok(NAME, `a port can be bound on 127.0.0.1 (tried ${port})`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return missing(NAME, reason, "bring up the loopback interface (ip link set lo up)");
  } finally {
    server.close();
  }
}
