import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { readRequest, requestDigest } from "./request.ts";

const read = (body: object) => readRequest({ model: "m", input: "hi", ...body });

test("how an answer travels and what labels it does not change its digest; what it says does", () => {
  const digest = requestDigest(read({}));
  for (const body of [{ stream: true }, { background: true }, { metadata: { a: "b" } }, { temperature: 0 }]) {
    expect(requestDigest(read(body))).toBe(digest);
  }
  for (const body of [{ model: "n" }, { instructions: "x" }, { input: "ho" }, { tools: [{ type: "apply_patch" }] }]) {
    expect(requestDigest(read(body))).not.toBe(digest);
  }
});

test("the order of keys does not change the digest", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (item) => {
      const reversed = Object.fromEntries(Object.entries(item).toReversed());
      expect(requestDigest(read({ input: [item] }))).toBe(requestDigest(read({ input: [reversed] })));
    }),
  );
});

test.each([
  [{ model: "" }, "model"],
  [{ input: null }, "input"],
  [{ input: [1] }, "input[0]"],
  [{ tools: {} }, "tools"],
  [{ metadata: { a: 1 } }, "metadata.a"],
  [{ stream: "yes" }, "stream"],
  [{ background: true, store: false }, "background"],
])("%j is refused, naming %s", (body, param) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ code: "invalid_request", param }));
});
