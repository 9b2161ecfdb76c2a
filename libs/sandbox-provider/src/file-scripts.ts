/** Exit codes of the scripts below, apart from those that shells and tools use themselves. */
export const fileExit = {
  notFound: 64,
  notRegular: 65,
  forbidden: 66,
  tooLarge: 67,
  refused: 68,
} as const;

/** `read <path> <bytes>`: writes the file to standard output unless it is larger. */
export const readScript = `
path=./$1
[ -e "$path" ] || exit ${fileExit.notFound}
[ -f "$path" ] || exit ${fileExit.notRegular}
[ -r "$path" ] || exit ${fileExit.forbidden}
[ "$(wc -c < "$path")" -le "$2" ] || exit ${fileExit.tooLarge}
exec head -c "$2" -- "$path"
`;

/**
 * `write (put <path> <bytes> | remove <path> -)…`, contents one after the other on standard input. First everything is
 * staged beside its target, and what will be replaced is kept under a second name; then everything is renamed. Whatever
 * fails is undone. A link is followed to the file that it names, and a file that is replaced keeps its mode.
 */
export const writeScript = `
set -u
tag=.cofferdam-$RANDOM$RANDOM$RANDOM
staged=() targets=() removals=() made=() old=() kept=() placed=()
undo() {
  local i
  for i in "\${placed[@]}"; do rm -f -- "$i"; done
  for i in "\${!kept[@]}"; do mv -fT -- "\${kept[i]}" "\${old[i]}"; done
  for i in "\${kept[@]}" "\${staged[@]}"; do rm -f -- "$i"; done
  for ((i = \${#made[@]} - 1; i >= 0; i--)); do rmdir -- "\${made[i]}"; done
  printf '%s\\n' "$1" >&2
  exit ${fileExit.refused}
}
parents() {
  local folder=$1 missing=() i
  until [ -e "$folder" ] || [ -L "$folder" ]; do missing+=("$folder"); folder=\${folder%/*}; done
  [ -d "$folder" ] || return 1
  for ((i = \${#missing[@]} - 1; i >= 0; i--)); do mkdir -- "\${missing[i]}" || return 1; made+=("\${missing[i]}"); done
}
while [ $# -gt 0 ]; do
  op=$1 path=./$2 size=$3
  shift 3
  if [ "$op" = remove ]; then
    [ -e "$path" ] || [ -L "$path" ] || undo "$path: no such file"
    if [ -d "$path" ] && [ ! -L "$path" ]; then undo "$path: is a directory"; fi
    removals+=("$path")
    continue
  fi
  if [ -L "$path" ]; then path=$(readlink -f -- "$path" && printf x) || undo "$path: a link to nowhere"; path=\${path%?x}; fi
  if [ -e "$path" ] && [ ! -f "$path" ]; then undo "$path: not a regular file"; fi
  folder=\${path%/*}
  parents "\${folder:-/}" || undo "$folder: cannot create the folder"
  new=$folder/$tag.\${#staged[@]}
  staged+=("$new")
  if [ -f "$path" ]; then
    [ -w "$path" ] || undo "$path: permission denied"
    cp -p -- "$path" "$new" || undo "$path: cannot be replaced"
  fi
  { head -c "$size" > "$new"; } 2> /dev/null || undo "$path: cannot be written"
  [ "$(wc -c < "$new")" -eq "$size" ] || undo "$path: content arrived incomplete"
  targets+=("$path")
done
for path in "\${removals[@]}" "\${targets[@]}"; do
  [ -e "$path" ] || [ -L "$path" ] || continue
  keep=\${path%/*}/$tag.old.\${#kept[@]}
  ln -P -- "$path" "$keep" || undo "$path: cannot be kept aside"
  old+=("$path") kept+=("$keep")
done
for path in "\${removals[@]}"; do rm -f -- "$path" || undo "$path: cannot be removed"; done
for i in "\${!targets[@]}"; do
  [ -e "\${targets[i]}" ] || placed+=("\${targets[i]}")
  mv -fT -- "\${staged[i]}" "\${targets[i]}" || undo "\${targets[i]}: cannot be replaced"
done
for path in "\${kept[@]}"; do rm -f -- "$path"; done
exit 0
`;
