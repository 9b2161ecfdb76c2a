import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";

/** What another reader finds: where it stands, and the digits of its date as the document writes them. */
export interface Found {
  readonly section: "Encounters" | "Plan of Care" | "Procedures" | "Document header";
  readonly start: number;
  readonly end: number;
  /** `2012-08-06T09:00` from `201208060900…`; `null` when the document gives no date. */
  readonly date: string | null;
}

const SECTIONS = {
  "46240-8": { section: "Encounters", names: ["encounter"], moods: undefined },
  "18776-5": { section: "Plan of Care", names: ["encounter"], moods: ["INT", "RQO", "ARQ", "APT", "PRMS", "PRP"] },
  "47519-4": { section: "Procedures", names: ["procedure", "observation", "act"], moods: ["EVN"] },
} as const;

/**
 * Reads a CDA document with a parser that the example does not use (parse-xml, which knows where each element stands)
 * and finds what AGENTS.md counts. It shares no code with the extractor.
 */
export function readCda(bytes: Buffer): Found[] {
  // One character a byte, so that the parser's offsets are the file's.
  const root = parseXml(bytes.toString("latin1"), { includeOffsets: true }).root;
  if (root === null) throw new Error("no root element");
  const found: Found[] = [];
  const listed: XmlElement[] = [];
  for (const section of descend(root, "section")) {
    const code = child(section, "code")?.attributes["code"];
    if (code !== "46240-8" && code !== "18776-5" && code !== "47519-4") continue;
    const rule = SECTIONS[code];
    for (const entry of childrenOf(section, "entry")) {
      for (const act of elementsOf(entry)) {
        if (!rule.names.some((name) => name === act.name)) continue;
        if (rule.moods !== undefined && !rule.moods.some((mood) => mood === act.attributes["moodCode"])) continue;
        if (saysNothing(act, root)) continue;
        if (code === "46240-8") listed.push(act);
        found.push({ section: rule.section, ...place(act), date: dateOf(act) });
      }
    }
  }
  for (const header of descend(root, "encompassingEncounter")) {
    if (dateOf(header) === null || listed.some((act) => isSame(act, header))) continue;
    found.push({ section: "Document header", ...place(header), date: dateOf(header) });
  }
  return found.sort((a, b) => a.start - b.start);
}

const place = (element: XmlElement): { start: number; end: number } => ({ start: element.start, end: element.end });

/** Negated, or said to be nothing, or neither dated nor named. */
function saysNothing(act: XmlElement, root: XmlElement): boolean {
  if (act.attributes["negationInd"] === "true") return true;
  const words = wordsOf(act, root);
  return /^(no|none|not)\b/i.test(words) || (words === "" && dateOf(act) === null);
}

/** An allscripts request keeps everything in an encounter inside it. */
function core(act: XmlElement): XmlElement {
  if (child(act, "effectiveTime") !== undefined) return act;
  return childrenOf(act, "entryRelationship").flatMap((each) => childrenOf(each, "encounter"))[0] ?? act;
}

function wordsOf(act: XmlElement, root: XmlElement): string {
  const code = child(core(act), "code");
  const original = code === undefined ? undefined : child(code, "originalText");
  const shown = code?.attributes["displayName"] ?? "";
  const target = original && child(original, "reference")?.attributes["value"]?.slice(1);
  const narrative = target === undefined ? undefined : [...all(root)].find((each) => each.attributes["ID"] === target);
  const candidates = [text(original), shown, text(narrative), text(child(core(act), "text"))];
  return candidates.map((each) => each.replace(/\s+/g, " ").trim()).find((each) => each !== "" && each !== "UNK") ?? "";
}

function dateOf(act: XmlElement): string | null {
  const time = child(core(act), "effectiveTime");
  const values = [time, ...["low", "center"].map((name) => time && child(time, name))].map(
    (each) => each?.attributes["value"],
  );
  const digits = /^\d+/.exec(values.find((value) => value !== undefined) ?? "")?.[0];
  if (digits === undefined) return null;
  const date = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].filter((part) => part !== "").join("-");
  return digits.length >= 12 ? `${date}T${digits.slice(8, 10)}:${digits.slice(10, 12)}` : date;
}

/** The header's encounter is listed too: by id, or by a start that agrees as far as both say it. */
function isSame(act: XmlElement, header: XmlElement): boolean {
  const ids = (each: XmlElement): string[] =>
    childrenOf(each, "id")
      .filter((id) => id.attributes["extension"] !== undefined)
      .map((id) => `${id.attributes["root"]}|${id.attributes["extension"]}`);
  if (ids(act).some((id) => ids(header).includes(id))) return true;
  const [a, b] = [dateOf(act) ?? "", dateOf(header) ?? ""];
  return a.length >= 10 && b.length >= 10 && (a.startsWith(b) || b.startsWith(a));
}

const elementsOf = (element: XmlElement): XmlElement[] => element.children.filter((each) => each instanceof XmlElement);
const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  elementsOf(element).filter((each) => each.name === name);
const child = (element: XmlElement, name: string): XmlElement | undefined => childrenOf(element, name)[0];

function* all(element: XmlElement): Generator<XmlElement> {
  for (const each of elementsOf(element)) {
    yield each;
    yield* all(each);
  }
}

const descend = (root: XmlElement, name: string): XmlElement[] => [...all(root)].filter((each) => each.name === name);

const text = (element: XmlElement | undefined): string =>
  element === undefined
    ? ""
    : element.children
        .map((each) => (each instanceof XmlElement ? text(each) : each instanceof XmlText ? each.text : ""))
        .join(" ");
