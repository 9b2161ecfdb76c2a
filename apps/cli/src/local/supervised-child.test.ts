import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { superviseChild } from "./supervised-child.ts";

const service = `
  process.stdin.on("end", () => process.exit(0)).resume();
  process.on("SIGTERM", () => process.exit(0));
  console.log("starting");
  console.log(JSON.stringify({ ready: true, pid: process.pid, address: "unix:/x" }));
`;
const spec = (text: string) => ({
  name: "probe",
  program: process.execPath,
  args: ["-e", text],
  env: { PATH: process.env["PATH"] },
  readyMs: 10_000,
});
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a child that is killed is started again, and both are said", async () => {
  const said: string[] = [];
  const again = Promise.withResolvers<void>();
  const child = await superviseChild(spec(service), (text) => {
    said.push(text);
    if (text.includes("ready again")) again.resolve();
  });
  expect(child.first.address).toBe("unix:/x");
  process.kill(child.first.pid, "SIGKILL");
  await again.promise;
  expect(child.pid()).not.toBe(child.first.pid);
  expect(said).toEqual([
    `probe ready, pid ${child.first.pid}`,
    `probe (pid ${child.first.pid}) was ended by SIGKILL; starting it again in 100 ms`,
    `probe ready again, pid ${child.pid()}`,
  ]);
  await child.close();
  expect(isAlive(child.pid() ?? 0)).toBe(false);
  expect(said).toHaveLength(3);
});

test("a child that cannot start fails with its own words", async () => {
  const failing = spec(`process.stderr.write("probe: no key\\n"); process.exit(4)`);
  await expect(superviseChild(failing, () => undefined)).rejects.toMatchObject({
    code: "CHILD_FAILED",
    message: "probe ended with status 4\n  probe: no key",
  });
});

test("a child that never says that it is ready is ended", async () => {
  const silent = { ...spec(`setInterval(() => {}, 1000)`), readyMs: 300 };
  await expect(superviseChild(silent, () => undefined)).rejects.toMatchObject({ code: "CHILD_FAILED" });
});

test("a child does not outlive a parent that is killed", async () => {
  const module = new URL("supervised-child.ts", import.meta.url).href;
  const text = `
    import { superviseChild } from ${JSON.stringify(module)};
    const child = await superviseChild(${JSON.stringify(spec(service))}, () => {});
    console.log(JSON.stringify({ pid: process.pid, address: String(child.first.pid) }));
    setInterval(() => {}, 1000);
  `;
  const args = ["--conditions=@cofferdam/source", "--input-type=module-typescript", "-e", text];
  const parent = await superviseChild({ ...spec(""), args, readyMs: 20_000 }, () => undefined);
  const grandchild = Number(parent.first.address);
  expect(isAlive(grandchild)).toBe(true);
  process.kill(parent.first.pid, "SIGKILL");
  for (let i = 0; i < 200 && isAlive(grandchild); i++) await sleep(20);
  expect(isAlive(grandchild)).toBe(false);
  await parent.close();
});
