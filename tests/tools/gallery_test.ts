import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { runExperiment } from "../../lib/run/main.ts";
import { keepInGallery } from "../../lib/tools/gallery.ts";
import { readManifest, writeManifest } from "../../lib/run/manifest.ts";
import { UserError } from "../../lib/io/errors.ts";
import { experiment } from "../run/fixtures/decay.ts";

Deno.test("gallery: a complete run is kept with claims and configuration, and replaced by the next", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    for (const seed of [1, 2]) {
      const { exitCode } = await runExperiment(experiment, [
        "--preset=smoke",
        "--quiet",
        `--seed=${seed}`,
        `--out=${folder}/run${seed}`,
      ]);
      assertEquals(exitCode, 0);
      const entry = keepInGallery(`${folder}/run${seed}`, `${folder}/gallery`);
      const run = JSON.parse(Deno.readTextFileSync(`${entry}/run.json`));
      assertEquals(run.seeds, [seed, seed + 1]);
      assertMatch(run.commandLine, new RegExp(`--preset=smoke --quiet --seed=${seed}$`));
      assertStringIncludes(Deno.readTextFileSync(`${entry}/README.md`), "| rate | x shrinks by 1 − ηλ in a step |");
      assertEquals(JSON.parse(Deno.readTextFileSync(`${entry}/claims.json`))[0].verdict, "reproduced");
      assert(Deno.statSync(`${entry}/figures/x.vl.json`).isFile);
    }
    assertEquals([...Deno.readDirSync(`${folder}/gallery`)].map(({ name }) => name).sort(), ["CLAIMS.md", "decay"]);
    assertStringIncludes(Deno.readTextFileSync(`${folder}/gallery/CLAIMS.md`), "Preset smoke");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("gallery: what is no complete run is refused in one line", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    assertThrows(() => keepInGallery(folder), UserError, `expected a run folder, found no manifest.json in ${folder}`);
    await runExperiment(experiment, ["--preset=smoke", "--fail", "--quiet", `--out=${folder}/failed`]);
    assertThrows(() => keepInGallery(`${folder}/failed`, folder), UserError, "expected a complete run");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("gallery: a run without claims is kept too", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const silent = { ...experiment, claims: [], run: () => Promise.resolve() };
    await runExperiment(silent, ["--preset=smoke", "--quiet", `--out=${folder}/run`]);
    const entry = keepInGallery(`${folder}/run`, `${folder}/gallery`);
    assertEquals(JSON.parse(Deno.readTextFileSync(`${entry}/claims.json`)), []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("gallery: runs with other presets stand beside each other under names of their own, and replace nothing else", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const runWith = async (preset: string) => {
      const run = `${folder}/${preset}`;
      await runExperiment(experiment, ["--preset=smoke", "--quiet", `--out=${run}`]);
      writeManifest(run, { ...readManifest(run), preset });
      return run;
    };
    const gallery = `${folder}/gallery`;
    const [first, second] = [await runWith("cpu"), await runWith("cpu-other")];
    keepInGallery(first, gallery);
    assertThrows(
      () => keepInGallery(second, gallery),
      UserError,
      `expected a run of decay with preset cpu, which ${gallery}/decay keeps, found decay with preset cpu-other; ` +
        "keep it beside under --name=decay_other",
    );
    assertThrows(
      () => keepInGallery(second, gallery, "../x"),
      UserError,
      "expected a name of letters, digits, _ and -",
    );
    const entry = keepInGallery(second, gallery, "decay_other");
    assertEquals(keepInGallery(second, gallery, "decay_other"), entry);
    assertEquals(JSON.parse(Deno.readTextFileSync(`${entry}/run.json`)).preset, "cpu-other");
    assertEquals(JSON.parse(Deno.readTextFileSync(`${gallery}/decay/run.json`)).preset, "cpu");
    const board = Deno.readTextFileSync(`${gallery}/CLAIMS.md`);
    assertStringIncludes(board, "[decay](decay/README.md)");
    assertStringIncludes(board, "[decay_other](decay_other/README.md)");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
