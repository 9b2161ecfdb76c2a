// What the agent has learnt to mend. `when` looks at the check's objections and at the lines of the record that they
// point to; `diff` changes the extractor that stands in the sandbox.

const has = (problems, code) => problems.some((problem) => problem.code === code);

export const vaTextRepairs = [
  {
    name: "label with time",
    when: (problems, shown) => has(problems, "NO_DATE") && /^Admission Date\/Time:/m.test(shown),
    says: "This version of the report writes Admission Date/Time and Discharge Date/Time. I read both spellings.",
    diff: `@@ function admission(entry) {
-  const end = time(field(entry, "Discharge Date"));
+  const end = time(field(entry, "Discharge Date", "Discharge Date/Time"));
   return {
     kind: "admission",
     status: end === null ? "unknown" : "done",
-    start: time(field(entry, "Admission Date")),
+    start: time(field(entry, "Admission Date", "Admission Date/Time")),
`,
  },
  {
    name: "day of one digit",
    when: (problems, shown) => has(problems, "NO_DATE") && /^Admission Date\S*\s+\d [A-Z][a-z]{2} \d{4}/m.test(shown),
    says: "Days below ten are written with one digit here.",
    diff: `@@ function time(value) {
-  const match = /^(\\d{2}) ([A-Z][a-z]{2}) (\\d{4})(?: @ (\\d{2})(\\d{2}))?$/.exec(value ?? "");
+  const match = /^(\\d{1,2}) ([A-Z][a-z]{2}) (\\d{4})(?: @ (\\d{2})(\\d{2}))?$/.exec(value ?? "");
`,
  },
  {
    name: "rule inside a note",
    when: (problems, shown) =>
      has(problems, "NO_DATE") &&
      shown
        .split(/^--- .*\n/m)
        .slice(1)
        .some((lines) => !/^[A-Z][A-Za-z/ ]+:/.test(lines)),
    says: "A note may have a rule of = inside, so a rule alone does not end an entry: the next must begin with its first label.",
    diff: `@@
-function ruledEntries(section) {
+function ruledEntries(section, label) {
   const entries = [];
@@
     if (first === undefined) continue;
-    entries.push(block);
+    if (label.test(first.text)) entries.push(block);
+    else entries.at(-1)?.push(...block);
`,
  },
];

export const cdaRepairs = [
  {
    name: "date in the middle",
    when: (problems, shown) => has(problems, "NO_DATE") && /<(\w+:)?center\b/.test(shown),
    says: "A planned date may be given as the centre of a period.",
    diff: `@@ function period(node) {
-  const start = moment(attribute(time, "value") ?? part("low"));
+  const start = moment(attribute(time, "value") ?? part("low") ?? part("center"));
`,
  },
  {
    name: "encounter in an encounter",
    when: (problems, shown) =>
      shown
        .split(/^--- .*\n/m)
        .some((entry) => /^<encounter\b[\s\S]*<entryRelationship\b[\s\S]*<encounter\b/.test(entry)),
    says: "This system wraps a requested encounter around the one that it is about; date, words and people stand inside.",
    diff: `@@ function add(section, node, kind, status) {
-  const details = node;
+  const inner = related(node).flatMap((each) => all(each, "encounter"))[0];
+  const details = one(node, "effectiveTime") === undefined && inner !== undefined ? inner : node;
   const title = titleOf(details);
`,
  },
  {
    name: "text by reference",
    when: (problems) => has(problems, "TITLE_MISSING"),
    says: "Words stand in the narrative that people read, and the entries refer to them by id. I follow the references.",
    diff: `@@ const own = (node) => (node === undefined ? null : meaningful(tidy(textOf(node))));
-const said = (node) => own(node);
+const byId = new Map([...within(root)].filter((node) => attribute(node, "ID") !== undefined).map((node) => [attribute(node, "ID"), node]));
+// An empty element marks the place where its parent says something.
+function said(node) {
+  const target = byId.get(attribute(node && one(node, "reference"), "value")?.slice(1));
+  return own(node) ?? own(target) ?? own(target?.parent);
+}
 
`,
  },
  {
    name: "end before the start",
    when: (problems) => has(problems, "ENDS_BEFORE_START"),
    says: "An end in the year 1 means that there is none yet; an end before the start is no end.",
    diff: `@@ function period(node) {
   const end = moment(part("high"));
-  return { start, end: end === start ? null : end };
+  return { start, end: end === start || (start !== null && end !== null && end < start) ? null : end };
 }
`,
  },
  {
    name: "entries that say nothing",
    // First the other repairs: an entry may say something once its words are found.
    when: (problems) => problems.length > 0 && problems.every((problem) => problem.code === "SAYS_NOTHING"),
    says: "An entry that says 'no known procedures', or nothing at all, is not an encounter. I leave such entries out and count them.",
    diff: `@@ function add(section, node, kind, status) {
   const { start, end } = period(details);
+  if (attribute(node, "negationInd") === "true" || /^(no|none|not)\\b/i.test(title ?? "") || (title === null && start === null)) {
+    if (section !== "Document header") skipped += 1;
+    const says = title === null ? "has neither a date nor a word" : \`says: \${title}\`;
+    notes.push(\`\${section}, lines \${lineAt(node.start)} to \${lineAt(node.end - 1)}: the entry \${says}\`);
+    return;
+  }
   encounters.push({
     source: name,
     section,
     kind: kind ?? kindOf(details, title),
`,
  },
];
