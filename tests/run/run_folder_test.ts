import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { removeTemporaries, replaceEvenWhenFull, writeAtomically } from "../../lib/io/atomic.ts";
import { UserError } from "../../lib/io/errors.ts";
import { RunFolder, runName } from "../../lib/run/run_folder.ts";

async function inFolder(use: (root: string) => Promise<void> | void) {
  const root = Deno.makeTempDirSync();
  try {
    await use(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

Deno.test("a run is named for its start, preset and seed", () => {
  assertEquals(runName(new Date(Date.UTC(2026, 10, 22, 7, 15, 3, 999)), "cpu", 1), "2026-11-22T07-15-03Z-cpu-seed1");
});

Deno.test("files are written whole with their folders, indexed once a path, and leave no temporary ones", () =>
  inFolder(async (root) => {
    const folder = RunFolder.create({ out: `${root}/deep/run` });
    Deno.writeTextFileSync(`${folder.path}/log.ndjson`, "{}\n");
    folder.enter("log.ndjson", "rows");
    await folder.write("figures/a.svg", "<é/>", "a");
    await folder.write("figures/a.svg", new Uint8Array(7), "a again");
    assertEquals(folder.files, [
      { path: "log.ndjson", bytes: null, description: "rows" },
      { path: "figures/a.svg", bytes: 7, description: "a again" },
    ]);
    folder.settle();
    assertEquals(folder.files[0], { path: "log.ndjson", bytes: 3, description: "rows" });
    assertEquals(namesIn(`${folder.path}/figures`), ["a.svg"]);
  }));

Deno.test("a name that is taken gets a number, a folder asked for by name must be new or empty", () =>
  inFolder((root) => {
    const before = Deno.cwd();
    Deno.chdir(root);
    try {
      const at = { experiment: "demo", run: "now" };
      const paths = [1, 2, 3].map(() => RunFolder.create(at).path);
      assertEquals(paths, ["results/demo/now", "results/demo/now-2", "results/demo/now-3"]);

      assertEquals(RunFolder.create({ out: "results/demo/now" }).path, "results/demo/now");
      Deno.writeTextFileSync("results/demo/now/kept", "mine");
      const error = assertThrows(() => RunFolder.create({ out: "results/demo/now" }), UserError);
      assertEquals(
        error.message,
        "expected --out=results/demo/now to be a new or empty folder, found one with 1 entry; nothing was overwritten",
      );
      assertEquals(Deno.readTextFileSync("results/demo/now/kept"), "mine");
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("a folder where none can be is refused by its name", () =>
  inFolder((root) => {
    Deno.writeTextFileSync(`${root}/file`, "");
    assertThrows(() => RunFolder.create({ out: `${root}/file` }), UserError, "new or empty folder, found a file");
    const below = assertThrows(() => RunFolder.create({ out: `${root}/file/run` }), UserError);
    assertEquals(
      below.message.startsWith(`expected a folder that can be written at ${root}/file/run, found: Not a dir`),
      true,
    );
  }));

Deno.test("a start that fails takes its folder back, but not one that was there", () =>
  inFolder((root) => {
    Deno.mkdirSync(`${root}/there`);
    for (const name of ["there", "new"]) {
      const folder = RunFolder.create({ out: `${root}/${name}` });
      writeAtomically(`${folder.path}/manifest.json`, "{}");
      folder.discard();
    }
    assertEquals(namesIn(root), ["there"]);
    assertEquals(namesIn(`${root}/there`), []);
  }));

Deno.test("a write that fails leaves the old file and no temporary one", () =>
  inFolder(async (root) => {
    Deno.mkdirSync(`${root}/taken/inside`, { recursive: true });
    assertThrows(() => writeAtomically(`${root}/taken`, "text"));
    assertEquals(namesIn(root), ["taken"]);
    replaceEvenWhenFull(`${root}/a`, "long first version");
    replaceEvenWhenFull(`${root}/a`, "short");
    assertEquals(Deno.readTextFileSync(`${root}/a`), "short");
    const folder = RunFolder.create({ out: `${root}/run` });
    for (const outside of ["../taken", "figures/../../a", `${root}/a`]) {
      await assertRejects(() => folder.write(outside, "text", "outside"), Error, "inside the run folder");
    }
    assertEquals(Deno.readTextFileSync(`${root}/a`), "short");
  }));

Deno.test("a file written in parts is whole, and one whose parts fail leaves the old one", () =>
  inFolder((root) => {
    const parts = ["ab", "", "c"].map((text) => new TextEncoder().encode(text));
    assertEquals(writeAtomically(`${root}/a`, parts), 3);
    assertEquals(Deno.readTextFileSync(`${root}/a`), "abc");
    function* failing() {
      yield parts[0];
      throw new Error("half way");
    }
    assertThrows(() => writeAtomically(`${root}/a`, failing()), Error, "half way");
    assertEquals([namesIn(root), Deno.readTextFileSync(`${root}/a`)], [["a"], "abc"]);
  }));

Deno.test("only what an atomic write has left is swept away, in subfolders too", () =>
  inFolder((root) => {
    Deno.mkdirSync(`${root}/sub/1.tmp`, { recursive: true });
    for (const name of ["a.17.tmp", "sub/b.svg.4.tmp", "a.tmp", "a.17.tmp.txt", "tmp", "sub/1.tmp/c.1.tmp"]) {
      Deno.writeTextFileSync(`${root}/${name}`, "");
    }
    Deno.symlinkSync(root, `${root}/sub/loop`);
    removeTemporaries(root);
    assertEquals([namesIn(root), namesIn(`${root}/sub`), namesIn(`${root}/sub/1.tmp`)], [
      ["a.17.tmp.txt", "a.tmp", "sub", "tmp"],
      ["1.tmp", "loop"],
      [],
    ]);
  }));

Deno.test("a folder that is opened again keeps the index of what is there", () =>
  inFolder((root) => {
    Deno.writeTextFileSync(`${root}/a`, "12");
    Deno.writeTextFileSync(`${root}/b.9.tmp`, "half");
    const folder = RunFolder.reopen(root, [
      { path: "a", bytes: null, description: "there" },
      { path: "b", bytes: 4, description: "gone" },
    ]);
    folder.enter("c", "known", 7);
    folder.settle();
    assertEquals(folder.files, [
      { path: "a", bytes: 2, description: "there" },
      { path: "c", bytes: 7, description: "known" },
    ]);
    folder.remove("a");
    assertEquals([folder.files.length, namesIn(root)], [1, []]);
  }));
