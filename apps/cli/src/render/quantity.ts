const counts = new Intl.NumberFormat("en-US");

/** `1,234`. */
export const count = (n: number): string => counts.format(n);

/** `1 step`, `2 steps`. */
export const counted = (n: number, noun: string, plural = `${noun}s`): string =>
  `${count(n)} ${n === 1 ? noun : plural}`;

/** Binary units, at most three digits: `999 B`, `1.2 KiB`, `345 MiB`. */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = n;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 3 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = ms / 1_000;
  if (s < 99.95) return `${s.toFixed(1)} s`;
  const total = Math.round(s);
  if (total < 3_600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3_600)} h ${Math.floor((total % 3_600) / 60)} min`;
}
