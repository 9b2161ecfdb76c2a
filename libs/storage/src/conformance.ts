import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { digestOf } from "./digest.ts";
import { isStorageError, type StorageErrorCode } from "./errors.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";

/** Registers one case with whatever test runner there is. */
export type RegisterCase = (name: string, run: () => Promise<void>) => void;

/**
 * What every {@link ObjectStore} must do, as cases for a test runner. `open` answers a handle on the same place each time it is
 * called; each case works below a prefix of its own.
 *
 * @example
 * describe("file store", () => objectStoreConformance(test, async () => fileStore(folder)));
 */
export function objectStoreConformance(register: RegisterCase, open: () => Promise<ObjectStore>): void {
  for (const [name, run] of Object.entries({ ...reading, ...writing, ...listing, ...refusing })) {
    register(name, async () => run(await open(), `c${randomBytes(6).toString("hex")}/`, open));
  }
}

type Case = (store: ObjectStore, at: string, open: () => Promise<ObjectStore>) => Promise<void>;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (body: Uint8Array): string => Buffer.from(body).toString();

const fails = (promise: Promise<unknown>, code: StorageErrorCode) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof Error && error.name === "StorageError" && "code" in error, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });

async function keysOf(items: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of items) keys.push(key);
  return keys;
}

const reading: Record<string, Case> = {
  "what was put is read back whole": async (store, at) => {
    const body = randomBytes(700_001);
    const put = await store.put(`${at}a`, body);
    assert.equal(put.sizeBytes, body.length);
    assert.equal(put.checksums.sha256, digestOf(body));
    assert.deepEqual(Buffer.from(await store.read(`${at}a`)), body);
  },
  "an empty object is an object": async (store, at) => {
    await store.put(`${at}empty`, new Uint8Array());
    assert.equal((await store.read(`${at}empty`)).byteLength, 0);
    assert.equal((await store.head(`${at}empty`))?.sizeBytes, 0);
  },
  "a body may be a stream": async (store, at) => {
    await store.put(
      `${at}s`,
      (async function* () {
        for (const part of ["one ", "two ", "three"]) yield bytes(part);
      })(),
    );
    assert.equal(text(await store.read(`${at}s`)), "one two three");
  },
  "ranges are start inclusive, end exclusive, and end at the object's end": async (store, at) => {
    await store.put(`${at}r`, bytes("0123456789"));
    const range = async (start: number, end?: number) =>
      text(await store.read(`${at}r`, { range: end === undefined ? { start } : { start, end } }));
    assert.equal(await range(2, 5), "234");
    assert.equal(await range(7), "789");
    assert.equal(await range(9, 10), "9");
    assert.equal(await range(8, 1_000), "89");
  },
  "a range beyond the object, empty or backwards is INVALID_RANGE": async (store, at) => {
    await store.put(`${at}r`, bytes("0123456789"));
    for (const range of [{ start: 10 }, { start: 5, end: 5 }, { start: 5, end: 4 }, { start: -1 }, { start: 0.5 }]) {
      await fails(store.read(`${at}r`, { range }), "INVALID_RANGE");
    }
  },
  "a range answers with the whole object's info": async (store, at) => {
    const { etag } = await store.put(`${at}r`, bytes("0123456789"));
    const content = await store.get(`${at}r`, { range: { start: 1, end: 2 } });
    for await (const part of content.body) assert.equal(text(part), "1");
    assert.equal(content.info.sizeBytes, 10);
    assert.equal(content.info.etag, etag);
  },
  "an absent object is NOT_FOUND, and head says undefined": async (store, at) => {
    await fails(store.read(`${at}none`), "NOT_FOUND");
    assert.equal(await store.head(`${at}none`), undefined);
    assert.equal(await store.head(`${at}none/below`), undefined);
  },
  "a signal ends a read midway": async (store, at) => {
    await store.put(`${at}big`, randomBytes(3_000_000));
    const controller = new AbortController();
    const content = await store.get(`${at}big`, { signal: controller.signal });
    await fails(
      (async () => {
        for await (const part of content.body) {
          assert.ok(part.byteLength > 0);
          controller.abort();
        }
      })(),
      "ABORTED",
    );
  },
  "a reader may leave early": async (store, at) => {
    await store.put(`${at}big`, randomBytes(3_000_000));
    for await (const part of (await store.get(`${at}big`)).body) {
      assert.ok(part.byteLength > 0);
      break;
    }
  },
};

const writing: Record<string, Case> = {
  "put replaces": async (store, at) => {
    const first = await store.put(`${at}a`, bytes("one"));
    const second = await store.put(`${at}a`, bytes("two"));
    assert.notEqual(first.etag, second.etag);
    assert.equal(text(await store.read(`${at}a`)), "two");
  },
  "ifAbsent creates once": async (store, at) => {
    await store.put(`${at}a`, bytes("one"), { ifAbsent: true });
    await fails(store.put(`${at}a`, bytes("two"), { ifAbsent: true }), "PRECONDITION_FAILED");
    assert.equal(text(await store.read(`${at}a`)), "one");
  },
  "of many creators at once exactly one wins, and its bytes stay": async (store, at, open) => {
    const handles = await Promise.all(Array.from({ length: 16 }, () => open()));
    const results = await Promise.allSettled(
      handles.map((handle, i) => handle.put(`${at}race`, bytes(`writer ${i}`), { ifAbsent: true })),
    );
    const winners = results.flatMap((r, i) => (r.status === "fulfilled" ? [i] : []));
    assert.equal(winners.length, 1);
    assert.equal(text(await store.read(`${at}race`)), `writer ${winners[0]}`);
  },
  "ifMatch replaces that version only": async (store, at) => {
    const { etag } = await store.put(`${at}a`, bytes("one"));
    await store.put(`${at}a`, bytes("two"), { ifMatch: etag });
    await fails(store.put(`${at}a`, bytes("three"), { ifMatch: etag }), "PRECONDITION_FAILED");
    await fails(store.put(`${at}absent`, bytes("x"), { ifMatch: etag }), "PRECONDITION_FAILED");
    assert.equal(text(await store.read(`${at}a`)), "two");
    assert.equal(await store.head(`${at}absent`), undefined);
  },
  "ifMatch with the etag of head and of list": async (store, at) => {
    await store.put(`${at}a`, bytes("one"));
    const head = await store.head(`${at}a`);
    await store.put(`${at}a`, bytes("two"), { ifMatch: head?.etag ?? "" });
    for await (const { key, etag } of store.list(at)) await store.put(key, bytes("three"), { ifMatch: etag });
    assert.equal(text(await store.read(`${at}a`)), "three");
  },
  "counting under ifMatch loses no increment": async (store, at, open) => {
    await store.put(`${at}n`, bytes("0"));
    const add = async (handle: ObjectStore): Promise<void> => {
      const { info, body } = await handle.get(`${at}n`);
      let n = "";
      for await (const part of body) n += text(part);
      try {
        await handle.put(`${at}n`, bytes(String(Number(n) + 1)), { ifMatch: info.etag });
      } catch (error) {
        if (isStorageError(error, "PRECONDITION_FAILED")) return add(handle);
        throw error;
      }
    };
    const handles = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(
      handles.map(async (handle) => {
        for (let i = 0; i < 5; i++) await add(handle);
      }),
    );
    assert.equal(text(await store.read(`${at}n`)), "20");
  },
  "a body that fails leaves nothing": async (store, at) => {
    const broken = (async function* () {
      yield bytes("half");
      throw new Error("the source broke");
    })();
    await assert.rejects(store.put(`${at}broken`, broken));
    assert.equal(await store.head(`${at}broken`), undefined);
    assert.deepEqual(await keysOf(store.list(at)), []);
  },
  "a signal ends a write, which leaves nothing": async (store, at) => {
    const controller = new AbortController();
    const endless = (async function* () {
      for (;;) {
        yield randomBytes(65_536);
        controller.abort();
      }
    })();
    await fails(store.put(`${at}endless`, endless, { signal: controller.signal }), "ABORTED");
    assert.equal(await store.head(`${at}endless`), undefined);
  },
  "delete removes, and again is no error": async (store, at) => {
    await store.put(`${at}a`, bytes("one"));
    await store.delete(`${at}a`);
    await store.delete(`${at}a`);
    assert.equal(await store.head(`${at}a`), undefined);
    await store.put(`${at}a`, bytes("again"), { ifAbsent: true });
  },
};

const odd = [
  "sp ace",
  "per%cent",
  "%41",
  "new\nline",
  "q?#&=+",
  "é",
  "日本",
  "\u{1F600}",
  "-rf",
  "a\\b",
  "~",
  "*",
  ".hidden",
];

const listing: Record<string, Case> = {
  "list is in order of UTF-8 bytes": async (store, at) => {
    const keys = ["a", "a-b", "a0", "b/c/d", "b/c.d", "b-", "Z", "\uffee", "\u{1F600}"].map((k) => at + k);
    for (const key of keys) await store.put(key, bytes(key));
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(await keysOf(store.list(at)), sorted);
  },
  "a prefix is any string": async (store, at) => {
    for (const key of ["run/1", "run/10", "run/2", "runs"]) await store.put(at + key, bytes("x"));
    assert.deepEqual(await keysOf(store.list(`${at}run/1`)), [`${at}run/1`, `${at}run/10`]);
    assert.deepEqual(
      await keysOf(store.list(`${at}run`)),
      ["run/1", "run/10", "run/2", "runs"].map((k) => at + k),
    );
    assert.deepEqual(await keysOf(store.list(`${at}nothing`)), []);
  },
  "list goes on after a key": async (store, at) => {
    const keys = Array.from({ length: 25 }, (_, i) => `${at}d${i % 5}/k${i}`).toSorted();
    for (const key of keys) await store.put(key, bytes("x"));
    for (const startAfter of [keys[0], keys[7], keys[24], `${at}d2`, `${at}d2/zzz`]) {
      const expected = keys.filter((key) => startAfter !== undefined && key > startAfter);
      assert.deepEqual(await keysOf(store.list(at, { startAfter: startAfter ?? "" })), expected);
    }
  },
  "list says size and etag": async (store, at) => {
    const put = await store.put(`${at}a`, bytes("four"));
    for await (const info of store.list(at)) assert.deepEqual([info.sizeBytes, info.etag], [4, put.etag]);
  },
  "odd keys keep their name": async (store, at) => {
    for (const key of odd) await store.put(at + key, bytes(key), { ifAbsent: true });
    for (const key of odd) assert.equal(text(await store.read(at + key)), key);
    assert.deepEqual((await keysOf(store.list(at))).toSorted(), odd.map((k) => at + k).toSorted());
  },
};

const bad = ["", "/a", "a//b", "a/", "../a", "a/../b", "a/..", ".", "a/./b", "a\0b", "\ud800", "x".repeat(1_025)];

const refusing: Record<string, Case> = {
  "a key that could escape, vanish or be two is INVALID_KEY": async (store) => {
    for (const key of bad) {
      await fails(store.put(key, bytes("x")), "INVALID_KEY");
      await fails(store.read(key), "INVALID_KEY");
      await fails(store.head(key), "INVALID_KEY");
      await fails(store.delete(key), "INVALID_KEY");
    }
    await fails(keysOf(store.list("../")), "INVALID_KEY");
  },
  "a signal that fired already ends a call at once": async (store, at) => {
    const signal = AbortSignal.abort();
    await fails(store.read(`${at}a`, { signal }), "ABORTED");
    await fails(store.head(`${at}a`, { signal }), "ABORTED");
    await fails(store.put(`${at}a`, bytes("x"), { signal }), "ABORTED");
    assert.equal(await store.head(`${at}a`), undefined);
  },
};
