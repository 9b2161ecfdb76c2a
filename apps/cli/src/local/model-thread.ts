/** The body of the thread that `threaded-model.ts` starts. */
import { parentPort, workerData } from "node:worker_threads";
import { startScriptedModel } from "@cofferdam/scripted-model";

const model = await startScriptedModel(workerData);
parentPort?.on("message", (asked: "alive" | "close") => {
  if (asked === "alive") parentPort?.postMessage({ alive: true });
  else void model.close().finally(() => process.exit());
});
parentPort?.postMessage({ url: model.url });
