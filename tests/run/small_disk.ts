/**
 * Disks that are full or read-only, in a mount namespace of their own.
 *
 * @module
 */
import { finished, type Said } from "./subprocess.ts";

/** Mounts of a namespace vanish with its last process, so nothing has to be cleaned up after a failed test. */
const namespace = Deno.uid() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
/** Whether this machine lets a test mount a disk. */
export const canMount = Deno.build.os === "linux" &&
  await finished("unshare", [...namespace, "mount", "-t", "tmpfs", "none", "/mnt"], ".")
    .then(({ code }) => code === 0, () => false);
if (!canMount) console.error("skipped: tests of full and read-only disks need a mount namespace (unshare --mount)");

/** Runs Deno with `results` on a disk of its own, then copies what is on it to `kept`. */
export function onDisk(
  root: string,
  mountOptions: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Said> {
  Deno.mkdirSync(`${root}/results`);
  Deno.mkdirSync(`${root}/kept`);
  const run = [Deno.execPath(), ...args].map((part) => `'${part}'`).join(" ");
  const script =
    `mount -t tmpfs -o ${mountOptions} none results && { ${run}; code=$?; cp -r results/. kept; exit $code; }`;
  return finished("unshare", [...namespace, "sh", "-c", script], root, env);
}
