const PLURALS = { emergency: "emergencies", virtual: "virtual visits" };
const SINGULARS = { virtual: "virtual visit" };

/** `3 visits`, `1 emergency`, `2 virtual visits`. */
export const counted = (count, kind) =>
  `${count} ${count === 1 ? (SINGULARS[kind] ?? kind) : (PLURALS[kind] ?? `${kind}s`)}`;
