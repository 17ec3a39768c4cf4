import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readManifest } from "../../lib/run/mod.ts";
import { canMount, onDisk } from "./small_disk.ts";
import { denoArgs, inFolder, rowsOf, said, startDecay } from "./subprocess.ts";

Deno.test({
  name: "a disk that fills up ends the run with one line, whole rows and a manifest that says why",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const args = ["--preset=endless", "--pauseMs=0", "--quiet", "--out=results/run"];
      const { code, stderr } = await onDisk(root, "size=128k", denoArgs(args));
      assertEquals(code, 1);
      assertMatch(stderr, /^error: disk full: expected space to write, found none \(.*\)\n$/);
      const { status, reason, end, files } = readManifest(`${root}/kept/run`);
      assertEquals(status, "failed");
      assertStringIncludes(reason!, "disk full");
      assert(end !== null);
      const log = `${root}/kept/run/log.ndjson`;
      assertEquals(files[0].bytes, Deno.statSync(log).size);
      assertMatch(Deno.readTextFileSync(log), /\} *\n$/);
      assert((await rowsOf(log)).length > 700);
      assertEquals([...Deno.readDirSync(`${root}/kept/run`)].map(({ name }) => name).toSorted(), [
        "clock.ndjson",
        "experiment.ts",
        "log.ndjson",
        "manifest.json",
      ]);
    }),
});

Deno.test({
  name: "a disk that is full from the start ends the run before any work, leaving nothing",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const { code, stderr } = await onDisk(root, "size=4k", denoArgs(["--preset=smoke"]));
      assertEquals(code, 1);
      assertMatch(stderr, /^error: disk full: .*\n$/);
      assertEquals([...Deno.readDirSync(`${root}/kept/decay`)], []);
    }),
});

Deno.test({
  name: "a read-only disk is refused before any work, naming the folder",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const { code, stderr } = await onDisk(root, "ro", denoArgs(["--preset=smoke", "--out=results/run"]));
      assertEquals(code, 2);
      assertMatch(
        stderr,
        /^error: expected a folder that can be written at results\/run, found: Read-only file system.*\n$/,
      );
    }),
});

Deno.test({
  name: "on a full disk a file is replaced in the space it has, or stays as it was",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const program = fromFileUrl(import.meta.resolve("./fixtures/replace_when_full.ts"));
      const args = ["run", "--no-prompt", "--allow-read", "--allow-write=results", program];
      const { code, stderr } = await onDisk(root, "size=16k", args);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(Deno.readTextFileSync(`${root}/kept/fits`), "b".repeat(4000));
      assertEquals(Deno.readTextFileSync(`${root}/kept/too_long`), "a".repeat(3000));
      assertEquals([...Deno.readDirSync(`${root}/kept`)].map(({ name }) => name).toSorted(), [
        "filler",
        "fits",
        "too_long",
      ]);
    }),
});

Deno.test("a run whose folder is deleted or moved ends at its next rows with one line, not after hours", () =>
  inFolder(async (root) => {
    for (const lose of [(path: string) => Deno.removeSync(path, { recursive: true }), moved]) {
      const args = ["--preset=endless", "--pauseMs=5", "--quiet", "--out=results/run"];
      const child = await startDecay(args, root, `${root}/results/run/log.ndjson`);
      lose(`${root}/results/run`);
      const { code, stderr } = await said(child);
      assertEquals([code, stderr], [
        1,
        "error: expected results/run/log.ndjson to stay where it is, found it deleted or moved while the run wrote it\n",
      ]);
    }
  }));

function moved(path: string) {
  Deno.renameSync(path, `${path}-elsewhere`);
}
