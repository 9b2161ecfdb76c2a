import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Sandbox } from "@cofferdam/sandbox-provider";
import { findBubblewrap } from "./bubblewrap/find.ts";
import { thisMachine } from "./machine.ts";
import { absent, inspected, refused } from "./seccomp/syscalls.ts";
import { run, sh, startTestTier, type TestTier } from "./testing.ts";
import { join } from "node:path";

// Every call is really made, by Perl's syscall(), inside the sandbox and, as a control, in a bubblewrap without filter.

const column = thisMachine() === "x64" ? 0 : 1;
const calls = inspected[thisMachine()];
const numbers = (table: typeof refused): [name: string, number: number][] =>
  Object.entries(table)
    .map(([name, both]): [string, number] => [name, both[column]])
    .filter(([, number]) => number >= 0);

const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17, ALG: 38, VSOCK: 40, XDP: 44 };
const TIOCSTI = 0x5412;

/** Prints `<name> <errno>` for each call; 0 if it succeeded. */
const probe = (list: readonly (readonly [name: string, number: number, ...args: number[]])[]): string[] => [
  "perl",
  "-e",
  list
    .map(
      ([name, number, ...args]) =>
        `$! = 0; $r = syscall(${[number, ...args].join(", ")}); print "${name} ", ($r == -1 ? $! + 0 : 0), "\\n";`,
    )
    .join("\n"),
];

const parsed = (stdout: string): Record<string, number> =>
  Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
      .map(([name, errno]) => [name, Number(errno)]),
  );

let tier: TestTier;
let box: Sandbox;

beforeAll(async () => {
  tier = await startTestTier();
  box = await tier.sandbox();
});

afterAll(() => tier.close());

/** The same in a bubblewrap that has all namespaces and no filter. */
async function unfiltered(argv: readonly string[]): Promise<string> {
  const cacheDir = join(import.meta.dirname, "../../../.cofferdam/cache");
  const { path } = await findBubblewrap({ cacheDir });
  const options = [
    "--unshare-all",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
  ];
  const child = spawn(path, [...options, "--", ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: "/usr/bin" },
  });
  let said = "";
  for await (const chunk of child.stdout) said += String(chunk);
  return said;
}

test("calls that reach other processes, mounts, namespaces or the kernel's inner parts are refused", async () => {
  const list = numbers(refused).map(([name, number]) => [name, number, -1, -1, -1, -1, -1] as const);
  const inside = parsed((await run(box, probe(list))).stdout);
  expect(Object.entries(inside).filter(([, errno]) => errno !== 1)).toEqual([]);
  expect(Object.keys(inside)).toHaveLength(list.length);
  const outside = parsed(await unfiltered(probe(list)));
  const otherwise = Object.values(outside).filter((errno) => errno !== 1).length;
  expect(otherwise).toBeGreaterThan(list.length / 3);
});

test("calls that must seem absent do, and programs with threads work without them", async () => {
  const list = numbers(absent).map(([name, number]) => [name, number, -1, -1, -1, -1] as const);
  const inside = parsed((await run(box, probe(list))).stdout);
  expect(new Set(Object.values(inside))).toEqual(new Set([38]));
  const outside = parsed(await unfiltered(probe(list)));
  expect(outside["io_uring_setup"]).not.toBe(38);
  const threads = "new Worker('postMessage(6 * 7)', { eval: true }).on('message', console.log)";
  const node = `const { Worker } = require('worker_threads'); ${threads.replace("postMessage", "require(\\'worker_threads\\').parentPort.postMessage")}`;
  expect((await run(box, ["node", "-e", node])).stdout).toBe("42\n");
});

test("no socket but local and internet ones can be made; virtual-machine sockets, which no namespace bounds, cannot", async () => {
  const list = Object.entries(AF).map(([name, family]) => [name, calls.socket, family, 2, 0] as const);
  const inside = parsed((await run(box, probe(list))).stdout);
  expect(inside).toEqual({ UNIX: 0, INET: 0, INET6: 0, NETLINK: 97, PACKET: 97, ALG: 97, VSOCK: 97, XDP: 97 });
  const outside = parsed(await unfiltered(probe(list)));
  expect(outside["NETLINK"]).toBe(0);
});

test("no namespace can be made, by any of its names", async () => {
  const flags = { USER: 0x1000_0000, NS: 0x0002_0000, NET: 0x4000_0000, PID: 0x2000_0000 };
  const list = Object.entries(flags).map(([name, flag]) => [name, calls.clone, flag + 17, 0, 0, 0, 0] as const);
  expect(parsed((await run(box, probe(list))).stdout)).toEqual({ USER: 1, NS: 1, NET: 1, PID: 1 });
  const tools = await sh(
    box,
    "unshare -r id; unshare -n true; nsenter -t 1 -m true; mount -t tmpfs x /tmp; umount /workspace; chroot / true; echo end",
  );
  expect(tools.stdout).toBe("end\n");
});

test("no terminal can be typed into, and a personality cannot be changed", async () => {
  const list = [
    ["TIOCSTI", calls.ioctl, 0, TIOCSTI, 0],
    ["TIOCLINUX", calls.ioctl, 0, 0x541c, 0],
    ["no-randomize", calls.personality, 0x0040_0000],
  ] as const;
  expect(parsed((await run(box, probe(list))).stdout)).toEqual({ TIOCSTI: 1, TIOCLINUX: 1, "no-randomize": 1 });
  expect(parsed(await unfiltered(probe([["no-randomize", calls.personality, 0x0040_0000]])))).toEqual({
    "no-randomize": 0,
  });
});

test("calls of another architecture's table kill the process", async () => {
  if (column !== 0) return;
  const x32 = await run(box, ["perl", "-e", "syscall(0x40000000 + 39); print 'alive'"]);
  expect(x32).toMatchObject({ exitCode: 159, stdout: "" });
});

test("a process may trace or read no other, not even its own child", async () => {
  const script =
    "sleep 5 & cat /proc/$!/mem > /dev/null 2>&1; strace -p $! 2>&1 | head -1; gdb -p $! --batch 2>&1 | grep -i attach; dd if=/proc/1/mem of=/dev/null bs=1 count=1 2> /dev/null; kill $!; echo end";
  expect((await sh(box, script)).stdout.split("\n").at(-2)).toBe("end");
});

test("no device can be made or opened beyond the harmless ones", async () => {
  const script =
    "mknod /workspace/disk b 254 0 2> /dev/null && echo made; mknod /workspace/mem c 1 1 2> /dev/null && echo made; ls /dev/kvm /dev/vda /dev/mem /dev/fuse /dev/net/tun 2> /dev/null; echo end";
  expect((await sh(box, script)).stdout).toBe("end\n");
});
