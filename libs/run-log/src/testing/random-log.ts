import { isTerminal } from "../state.ts";
import { candidate, type Choose } from "./candidates.ts";
import { MemoryLog, sealFor } from "./memory-log.ts";
import { runSubmitted, sampleRun, sampleTask, taskSubmitted } from "./samples.ts";

/** mulberry32: small, fast, and the same everywhere for a seed. */
export function chooser(seed: number): Choose {
  let a = seed >>> 0;
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A log of a run or a task in which every event is valid, of random events and owners, up to its end or `length`. */
export function randomLog(seed: number, length: number): MemoryLog {
  const choose = chooser(seed);
  const isRun = choose(2) === 0;
  const log = new MemoryLog(isRun ? sampleRun : sampleTask({ taskId: "t001", attempt: 1 }));
  log.submit(isRun ? runSubmitted() : taskSubmitted());
  log.claim("owner-1");
  for (let tries = 0; log.messages.length < length && tries < length * 40 && !isTerminal(log.state); tries++) {
    if (choose(12) === 0) {
      log.claim(`owner-${choose(4)}`);
      continue;
    }
    const event = candidate(log.state, choose);
    // Ends would come too early to leave anything to test.
    if (event.type.startsWith("run.") && event.type !== "run.planned" && choose(5) > 0) continue;
    log.offer(sealFor(log.state, event, log.state.head));
  }
  return log;
}
