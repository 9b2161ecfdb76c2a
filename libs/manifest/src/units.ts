/** A quantity that was read, or why it could not be. */
export type Parsed = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly message: string };

interface Unit {
  /** Names what is counted, e.g. "size". */
  readonly kind: string;
  readonly example: string;
  readonly factors: Readonly<Record<string, number>>;
  /** Factor of a number without a unit; absent where a unit is required. */
  readonly plain?: number;
}

const KI = 1024;
const size: Unit = {
  kind: "size",
  example: "4GiB, 20MiB or a number of bytes",
  plain: 1,
  factors: {
    B: 1,
    KiB: KI,
    MiB: KI ** 2,
    GiB: KI ** 3,
    TiB: KI ** 4,
    kB: 1e3,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
  },
};
const duration: Unit = {
  kind: "duration",
  example: "500ms, 90s, 30m or 2h",
  factors: { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 },
};
const count: Unit = {
  kind: "count",
  example: "400, 20k or 2M",
  plain: 1,
  factors: { k: 1e3, M: 1e6, G: 1e9 },
};

const quantity = /^(\d{1,16})(?:\.(\d{1,9}))?([A-Za-z]*)$/;

function parse(unit: Unit, value: string | number): Parsed {
  const text = typeof value === "number" ? String(value) : value;
  const fail = (why: string): Parsed => ({
    ok: false,
    message: `${JSON.stringify(value)} is not a ${unit.kind}: ${why}`,
  });
  const [, whole, fraction = "", name = ""] = quantity.exec(text) ?? [];
  if (whole === undefined) return fail(`write ${unit.example}`);
  const factor = name === "" ? unit.plain : Object.hasOwn(unit.factors, name) ? unit.factors[name] : undefined;
  if (factor === undefined) {
    return fail(name === "" ? `the unit is missing (${unit.example})` : `unknown unit ${JSON.stringify(name)}`);
  }
  // In integers: 1.005GB is whole, which binary fractions would not know.
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * BigInt(factor);
  if (scaled % scale !== 0n) return fail("it is not whole");
  const result = Number(scaled / scale);
  if (!Number.isSafeInteger(result)) return fail("it is too large");
  return { ok: true, value: result };
}

/** `4GiB`, `20MiB`, `1GB`, `512` (bytes) → bytes. Binary and decimal units mean what IEC 80000-13 says. */
export const parseSize = (value: string | number): Parsed => parse(size, value);
/** `500ms`, `90s`, `30m`, `2h`, `1d` → milliseconds. A unit is required. */
export const parseDuration = (value: string): Parsed => parse(duration, value);
/** `400`, `20k`, `2M` → the number. */
export const parseCount = (value: string | number): Parsed => parse(count, value);

function format(unit: Unit, names: readonly string[], value: number): string {
  const name = names.find((n) => value >= (unit.factors[n] ?? 1) && value % (unit.factors[n] ?? 1) === 0);
  return name === undefined ? `${value}` : `${value / (unit.factors[name] ?? 1)}${name}`;
}

/** Bytes in the largest binary unit that states them exactly: 4294967296 → `4GiB`. */
export const formatSize = (sizeBytes: number): string => format(size, ["TiB", "GiB", "MiB", "KiB", "B"], sizeBytes);
/** Milliseconds in the largest unit that states them exactly: 1800000 → `30m`. */
export const formatDuration = (ms: number): string => (ms === 0 ? "0ms" : format(duration, ["h", "m", "s", "ms"], ms));

/** Bytes exactly and, where that is hard to read, about: `10000000000 bytes (9.31GiB)`. */
export function describeSize(sizeBytes: number): string {
  const name = ["TiB", "GiB", "MiB", "KiB"].find((unit) => sizeBytes >= (size.factors[unit] ?? 1));
  if (name === undefined) return `${sizeBytes} bytes`;
  return `${sizeBytes} bytes (${Number((sizeBytes / (size.factors[name] ?? 1)).toFixed(2))}${name})`;
}
