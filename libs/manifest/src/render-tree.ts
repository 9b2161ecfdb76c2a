/** A file with the path at which it is shown. */
interface TreeFile {
  readonly path: string;
  readonly sizeBytes: number;
}

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, number>;
  /** Files here and below. */
  count: number;
}

interface Bounds {
  /** What the first line says. */
  readonly root: string;
  readonly lines: number;
  readonly chars: number;
}

/** Levels below the root that are shown; a deeper folder says how many files it holds. */
const DEPTH = 3;

const newFolder = (): Folder => ({ folders: new Map(), files: new Map(), count: 0 });

/** A tree of files, indented, folders first, names sorted; what passes the bounds is counted instead of shown. */
export function renderTree(files: readonly TreeFile[], bounds: Bounds): string {
  const root = newFolder();
  for (const file of files) insert(root, file);
  const all = [bounds.root, ...linesOf(root, 1)];
  const shown: string[] = [];
  let chars = 0;
  for (const line of all) {
    if (shown.length >= bounds.lines - 1 || chars + line.length + 1 > bounds.chars) break;
    shown.push(line);
    chars += line.length + 1;
  }
  const left = all.length - shown.length;
  return [...shown, ...(left > 0 ? [`… and ${left} more lines`] : [])].join("\n");
}

function insert(root: Folder, file: TreeFile): void {
  const names = file.path.split("/");
  const name = names.pop() ?? "";
  let folder = root;
  folder.count++;
  for (const segment of names) {
    const next = folder.folders.get(segment) ?? newFolder();
    folder.folders.set(segment, next);
    folder = next;
    folder.count++;
  }
  folder.files.set(name, file.sizeBytes);
}

function linesOf(folder: Folder, depth: number): string[] {
  const indent = "  ".repeat(depth);
  const folders = [...folder.folders]
    .sort(byName)
    .flatMap(([name, child]) =>
      depth >= DEPTH
        ? [`${indent}${shown(name)}/ (${child.count} files)`]
        : [`${indent}${shown(name)}/`, ...linesOf(child, depth + 1)],
    );
  const files = [...folder.files].sort(byName).map(([name, size]) => `${indent}${shown(name)} (${size} bytes)`);
  return [...folders, ...files];
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Names are data that others chose: one that could pass for text of ours is quoted. */
const shown = (name: string): string => (/^[\w .+@=,()-]+$/.test(name) ? name : JSON.stringify(name));
