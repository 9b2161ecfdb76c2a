import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, WorkspacePath } from "@cofferdam/sandbox-provider";
import { sh, startTestTier, type TestTier } from "./testing.ts";

// Markers are planted wherever a secret of the trusted side may lie, and one script looks for them: outside, where it
// must find every one of them (or it would prove nothing), and inside, where it must find none.

const exec = promisify(execFile);
const secret = randomBytes(8).toString("hex");
const planted = (where: string): string => `marker-${where}-${secret}`;
const places = ["env", "argv", "tmp", "home", "var", "sandbox", "path-socket", "abstract-socket", "tcp"] as const;

let tier: TestTier;
let box: Sandbox;
let neighbour: Sandbox;
let bystander: ChildProcess;
let port: number;
const folders: string[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  process.env["COFFERDAM_TEST_SECRET"] = planted("env");
  tier = await startTestTier();
  box = await tier.sandbox();
  neighbour = await tier.sandbox();
  await sh(neighbour, `echo ${planted("sandbox")} > ${planted("sandbox")}; cp marker* /tmp; chmod -R a+rX . /tmp`);
  for (const [where, parent] of [
    ["tmp", tmpdir()],
    ["home", homedir()],
    ["var", "/var/tmp"],
  ] as const) {
    const folder = mkdtempSync(join(parent, "cofferdam-isolation-"));
    chmodSync(folder, 0o755);
    folders.push(folder);
    writeFileSync(join(folder, planted(where)), planted(where), { mode: 0o644 });
  }
  bystander = spawn("perl", ["-e", "sleep 600", planted("argv")], { stdio: "ignore" });
  await listen(createServer(), `\0${planted("abstract-socket")}`);
  await listen(createServer(), join(folders[0] ?? "", planted("path-socket")));
  const tcp = createServer((socket) => socket.end(planted("tcp")));
  await listen(tcp, 0);
  const address = tcp.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(async () => {
  bystander.kill("SIGKILL");
  for (const server of servers) server.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  delete process.env["COFFERDAM_TEST_SECRET"];
  await tier.close();
});

function listen(server: Server, where: string | number): Promise<void> {
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    if (typeof where === "number") server.listen(where, "127.0.0.1", resolve);
    else server.listen(where, resolve);
  });
}

const search = (): string => `
env
cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/net/unix 2> /dev/null | tr '\\0' '\\n' | grep -a marker-
find ${tmpdir()} ${homedir()} /var/tmp ${tier.root}/sandboxes/*/* -maxdepth 2 -name '*-${secret}*' 2> /dev/null
exec 3<> /dev/tcp/127.0.0.1/${port} && cat <&3
`;

async function findings(output: string): Promise<readonly string[]> {
  return places.filter((place) => output.includes(planted(place)));
}

test("outside, the search finds every marker: the control of the next test", async () => {
  const { stdout } = await exec("bash", ["-c", search()], { env: process.env, maxBuffer: 1 << 26 });
  expect(await findings(stdout)).toEqual([...places]);
});

test("inside, the search finds none", async () => {
  const run = await sh(box, search());
  expect(run.stdout).toContain("HOME=/workspace");
  expect(await findings(run.stdout + run.stderr)).toEqual([]);
  const everywhere = await sh(
    box,
    `find / -name '*${secret}*' 2> /dev/null | grep -v ^/proc/self; grep -rasl ${secret} /etc /opt /run /var /tmp /workspace /dev/shm`,
  );
  expect(everywhere.stdout).toBe("");
});

test("nothing of the host is there but its programs", async () => {
  const { stdout } = await sh(
    box,
    "ls -A / /etc /opt /opt/cofferdam/bin /run /var /usr/local /usr/local/bin /tmp /dev /home /root /sys /mnt 2> /dev/null",
  );
  const listed = Object.fromEntries(
    stdout
      .trim()
      .split("\n\n")
      .map((part) => {
        const [name = "", ...entries] = part.split("\n");
        return [name.replace(":", ""), entries];
      }),
  );
  expect(listed["/"]?.filter((name) => !/^(s?bin|lib(32|64|x32)?)$/.test(name))).toEqual([
    "dev",
    "etc",
    "opt",
    "proc",
    "run",
    "tmp",
    "usr",
    "var",
    "workspace",
  ]);
  expect(listed["/etc"]?.filter((name) => !["alternatives", "ld.so.cache"].includes(name))).toEqual([
    "group",
    "hostname",
    "hosts",
    "nsswitch.conf",
    "passwd",
  ]);
  expect(listed).toMatchObject({
    "/opt": ["cofferdam"],
    "/opt/cofferdam/bin": ["node"],
    "/run": [],
    "/var": ["tmp"],
    "/usr/local": ["bin"],
    "/usr/local/bin": [],
    "/tmp": [],
  });
  expect(Object.keys(listed)).not.toEqual(expect.arrayContaining(["/home"]));
  expect(listed["/dev"]).toEqual([
    "core",
    "fd",
    "full",
    "null",
    "ptmx",
    "pts",
    "random",
    "shm",
    "stderr",
    "stdin",
    "stdout",
    "tty",
    "urandom",
    "zero",
  ]);
});

test("only the workspace, /tmp and shared memory can be written", async () => {
  const script = `for place in / /etc /usr /usr/bin /usr/local/bin /opt /opt/cofferdam/bin /run /var /dev /proc /proc/sys/kernel /proc/self/attr; do
    (echo x > $place/probe) 2> /dev/null && echo "wrote $place"; done
  for file in /etc/passwd /opt/cofferdam/bin/node /usr/bin/env; do (echo x >> $file) 2> /dev/null && echo "wrote $file"; done
  touch /workspace/a /tmp/a /var/tmp/b /dev/shm/a && echo fine`;
  expect((await sh(box, script)).stdout).toBe("fine\n");
});

test("the kernel's settings can be neither written nor, where they tell of the host, read", async () => {
  const script = `find /proc/sys -type f 2> /dev/null | perl -ne 'chomp; print "$_\\n" if open(my $f, "+<", $_)'
  cat /proc/sys/kernel/hostname
  (echo h > /proc/sysrq-trigger) 2> /dev/null && echo sysrq
  cat /proc/cmdline /proc/kallsyms /proc/keys /proc/timer_list 2> /dev/null; ls /proc/bus /proc/fs /proc/irq /proc/acpi 2> /dev/null | grep -v ':$' | grep .`;
  expect((await sh(box, script)).stdout).toBe("sandbox\n");
});

test("there is no network but a loopback of its own", async () => {
  const script = `tail -n +3 /proc/net/dev | cut -d: -f1; tail -n +2 /proc/net/route
  for target in 127.0.0.1/${port} 169.254.169.254/80 10.0.0.1/80 8.8.8.8/53; do (exec 3<> /dev/tcp/$target) 2> /dev/null && echo "reached $target"; done
  (exec 3<> /dev/udp/8.8.8.8/53 && echo x >&3) 2> /dev/null && echo reached
  getent hosts example.com || echo none`;
  expect((await sh(box, script)).stdout.replaceAll(" ", "")).toBe("lo\nnone\n");
});

test("no privilege can be had or gained", async () => {
  const script =
    "grep -hE '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status /proc/1/status; find / -xdev -perm /6000 -type f 2> /dev/null | head -1 | grep -q . ; su -c id 2>&1 | grep uid=0; mount 2> /dev/null | grep -v nosuid";
  const lines = (await sh(box, script)).stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim());
  const caps = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => `${name}: 0000000000000000`);
  const status = ["Groups:", ...caps, "NoNewPrivs: 1", "Seccomp: 2"];
  expect(lines).toEqual([...status, ...status]);
});

test("on the host it is a user that owns nothing else, with no groups", async () => {
  if (process.getuid?.() !== 0) return;
  const execution = box.exec({
    argv: ["sleep", "60"],
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: 60_000,
    outputBytes: 10,
  });
  while (box.pids().length < 4) await sleep(20);
  const pids = box.pids();
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    expect(/^Uid:\s+(.*)$/m.exec(status)?.[1]?.split("\t")).toEqual(Array(4).fill(String(box.owner.uid)));
    expect(/^Gid:\s+(.*)$/m.exec(status)?.[1]?.split("\t")).toEqual(Array(4).fill(String(box.owner.gid)));
    expect(/^Groups:[ \t]*(.*)$/m.exec(status)?.[1]?.trim()).toBe("");
    expect(readFileSync(`/proc/${pid}/environ`, "latin1")).not.toContain(secret);
  }
  execution.kill();
  await execution.ended;
});

test("processes of the host, of other sandboxes and of other commands are not there", async () => {
  const other = sh(box, "sleep 1");
  const { stdout } = await sh(box, "ls -d /proc/[0-9]* | wc -l; kill -9 -1; echo alive");
  expect(Number(stdout.split("\n")[0])).toBeLessThanOrEqual(6);
  expect((await other).exitCode).toBe(0);
  expect(bystander.exitCode).toBeNull();
});

test("a descriptor that the broker's parent left open does not reach the command", async () => {
  const file = join(folders[0] ?? "", planted("tmp"));
  const code = `
    const { startTestTier, sh } = await import(${JSON.stringify(join(import.meta.dirname, "testing.ts"))});
    const tier = await startTestTier();
    const run = await sh(await tier.sandbox(), "ls -l /proc/[0-9]*/fd; cat <&3; cat <&11");
    console.log(run.stdout);
    await tier.close();`;
  const stdio = ["ignore", "pipe", "inherit", ...Array.from({ length: 9 }, () => openSync(file, "r"))] as const;
  const child = spawn(process.execPath, ["--conditions=@cofferdam/source", "--input-type=module", "-e", code], {
    stdio: [...stdio],
  });
  let said = "";
  for await (const chunk of child.stdout ?? []) said += String(chunk);
  expect(said).toContain("/proc/1/fd:");
  expect(said).not.toContain(secret);
});
