/**
 * Lists the files of a folder and of the folders in it.
 *
 * @param folder Its path.
 * @returns Paths that begin with the folder's, in order of their names.
 */
export function filesBelow(folder: string): string[] {
  const entries = [...Deno.readDirSync(folder)].toSorted((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => {
    const path = `${folder.replace(/\/$/, "")}/${name}`;
    return isDirectory ? filesBelow(path) : [path];
  });
}
