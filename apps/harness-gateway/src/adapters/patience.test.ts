import { expect, test } from "@jest/globals";
import { RpcError } from "@cofferdam/service";
import { StorageError } from "@cofferdam/storage";
import { isAway, patientBlobs, patiently } from "./patience.ts";

const away = () => new RpcError({ status: "UNAVAILABLE", reason: "UNAVAILABLE", message: "no connection" });
const { signal } = new AbortController();

test("a service that comes back is asked until it answers", async () => {
  let asked = 0;
  const answer = await patiently(async () => {
    if (++asked < 3) throw away();
    return asked;
  }, signal);
  expect(answer).toBe(3);
});

test("an answer is not asked for again, also a bad one", async () => {
  let asked = 0;
  const lost = new RpcError({ status: "UNAVAILABLE", reason: "SANDBOX_LOST", message: "gone" });
  await expect(
    patiently(async () => {
      asked++;
      throw lost;
    }, signal),
  ).rejects.toBe(lost);
  expect(asked).toBe(1);
});

test("an abort ends the waiting", async () => {
  const controller = new AbortController();
  const waiting = patiently(async () => {
    throw away();
  }, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toThrow("aborted");
});

test("a stream that broke under a call is a service that is away; a denial is not", () => {
  expect(
    isAway(new RpcError({ status: "INTERNAL", reason: "INTERNAL", message: "Received RST_STREAM with code 2" })),
  ).toBe(true);
  expect(isAway(new RpcError({ status: "FAILED_PRECONDITION", reason: "FENCED", message: "" }))).toBe(false);
});

const noSpace = () => new StorageError({ code: "NO_SPACE", message: "ENOSPC", mend: "free space" });

test("a body waits for room on a full disk", async () => {
  let asked = 0;
  const full = {
    put: async () => {
      if (++asked < 3) throw noSpace();
      return { digest: "sha256:0", sizeBytes: 1, mediaType: "text/plain" };
    },
    get: async () => new Uint8Array(),
    has: async () => true,
  };
  expect(await patientBlobs(full, signal).put(new Uint8Array(), "text/plain")).toMatchObject({ sizeBytes: 1 });
  expect(asked).toBe(3);
});

test.each([
  noSpace(),
  new RpcError({ status: "RESOURCE_EXHAUSTED", reason: "NO_SPACE", message: "" }),
  new RpcError({ status: "RESOURCE_EXHAUSTED", reason: "DISK_FULL", message: "" }),
])("a full disk is waited for, it does not end a task: %s", (error) => expect(isAway(error)).toBe(true));

test("a limit of the run is not waited for", () => {
  expect(isAway(new RpcError({ status: "RESOURCE_EXHAUSTED", reason: "LIMIT_EXCEEDED", message: "" }))).toBe(false);
});
