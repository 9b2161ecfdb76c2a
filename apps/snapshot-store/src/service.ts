import { snapshot } from "@cofferdam/contracts";
import { type Address, type Logger, serveGrpc, type Service } from "@cofferdam/service";
import { fileStore } from "@cofferdam/storage";
import { snapshotHandlers } from "./adapters/grpc.ts";
import { openRepository } from "./adapters/repository.ts";

export interface SnapshotStoreDeps {
  readonly address: Address;
  /** Folder of the object store; all of the snapshot store's objects lie below `snapshots/` in it. */
  readonly dataDir: string;
  /** The one team that is served. */
  readonly team: string;
  readonly logger: Logger;
  /** Time of commits, for people; the machine's by default. */
  readonly now?: () => Date;
}

/** Starts the snapshot store. What it acknowledged is durable: it may be killed at any moment. */
export async function createSnapshotStore(deps: SnapshotStoreDeps): Promise<Service & { readonly address: Address }> {
  const { address, dataDir, team, logger } = deps;
  const repository = await openRepository(fileStore(dataDir, { keepStaging: true }), {
    logger,
    now: deps.now ?? (() => new Date()),
  });
  const implementation = snapshotHandlers(repository, team);
  const server = await serveGrpc(address, [{ definition: snapshot.SnapshotServiceService, implementation }], logger);
  return {
    address: server.address,
    close: async () => {
      await server.close();
      await repository.close();
    },
  };
}
