export { createSnapshotStore, type SnapshotStoreDeps } from "./service.ts";
