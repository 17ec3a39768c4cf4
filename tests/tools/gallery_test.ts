import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { runExperiment } from "../../lib/run/main.ts";
import { keepInGallery } from "../../lib/tools/gallery.ts";
import { readManifest, writeManifest } from "../../lib/run/manifest.ts";
import { UserError } from "../../lib/io/errors.ts";
import { openRun } from "../../lib/run/kept_run.ts";
import { draw } from "../../lib/tools/draw.ts";
import { claimDifferences, judgeRun } from "../../lib/tools/judge.ts";
import { experiment } from "../run/fixtures/decay.ts";
import { decay } from "../run/subprocess.ts";

Deno.test("gallery: a complete run is kept with claims and configuration, and replaced by the next", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    for (const seed of [1, 2]) {
      const { exitCode } = await runExperiment(experiment, [
        "--preset=short",
        "--quiet",
        `--seed=${seed}`,
        `--out=${folder}/run${seed}`,
      ]);
      assertEquals(exitCode, 0);
      const entry = await keepInGallery(`${folder}/run${seed}`, `${folder}/gallery`);
      const run = JSON.parse(Deno.readTextFileSync(`${entry}/run.json`));
      assertEquals(run.seeds, [seed, seed + 1]);
      assertMatch(run.commandLine, new RegExp(`--preset=short --quiet --seed=${seed}$`));
      assertStringIncludes(
        Deno.readTextFileSync(`${entry}/README.md`),
        "- **rate**: reproduced, 1 [1, 1], predicted 1\n  - Gradient descent shrinks x by 1 − ηλ in a step. (textbook)\n",
      );
      assertEquals(JSON.parse(Deno.readTextFileSync(`${entry}/claims.json`))[0].verdict, "reproduced");
      assert(Deno.statSync(`${entry}/figures/x.vl.json`).isFile);
    }
    assertEquals([...Deno.readDirSync(`${folder}/gallery`)].map(({ name }) => name).sort(), ["CLAIMS.md", "decay"]);
    assertStringIncludes(Deno.readTextFileSync(`${folder}/gallery/CLAIMS.md`), "Preset short");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("gallery: what is no complete run is refused in one line", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    await assertRejects(
      () => keepInGallery(folder),
      UserError,
      "expected a run folder or an entry of the gallery, found neither",
    );
    await runExperiment(experiment, ["--preset=short", "--fail", "--quiet", `--out=${folder}/failed`]);
    await assertRejects(() => keepInGallery(`${folder}/failed`, folder), UserError, "expected a complete run");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("gallery: a run without claims is kept too", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const silent = { ...experiment, claims: [], figures: undefined, run: () => Promise.resolve() };
    await runExperiment(silent, ["--preset=short", "--quiet", `--out=${folder}/run`]);
    const entry = await keepInGallery(`${folder}/run`, `${folder}/gallery`);
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
      await runExperiment(experiment, ["--preset=short", "--quiet", `--out=${run}`]);
      writeManifest(run, { ...readManifest(run), preset });
      return run;
    };
    const gallery = `${folder}/gallery`;
    const [first, second] = [await runWith("cpu"), await runWith("cpu-other")];
    await keepInGallery(first, gallery);
    await assertRejects(
      () => keepInGallery(second, gallery),
      UserError,
      `expected a run of decay with preset cpu, which ${gallery}/decay keeps, found decay with preset cpu-other; ` +
        "keep it beside under --name=decay_other",
    );
    await assertRejects(
      () => keepInGallery(second, gallery, "../x"),
      UserError,
      "expected a name of letters, digits, _ and -",
    );
    const entry = await keepInGallery(second, gallery, "decay_other");
    assertEquals(await keepInGallery(second, gallery, "decay_other"), entry);
    assertEquals(JSON.parse(Deno.readTextFileSync(`${entry}/run.json`)).preset, "cpu-other");
    assertEquals(JSON.parse(Deno.readTextFileSync(`${gallery}/decay/run.json`)).preset, "cpu");
    const board = Deno.readTextFileSync(`${gallery}/CLAIMS.md`);
    assertStringIncludes(board, "[decay](decay/README.md)");
    assertStringIncludes(board, "[decay_other](decay_other/README.md)");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("gallery: what is kept is judged to the same claims, and findings written by hand stay", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const run = async (name: string, ...args: string[]) => {
      await runExperiment(experiment, ["--preset=short", "--quiet", `--out=${folder}/${name}`, ...args]);
      return await keepInGallery(`${folder}/${name}`, `${folder}/gallery`);
    };
    const entry = await run("a");
    assertEquals(Deno.readTextFileSync(`${entry}/README.md`).includes("## Findings"), false);
    const finding = "**Does it shrink?** It does, by what the formula says. (1 [1, 1])\n";
    Deno.writeTextFileSync(`${entry}/FINDINGS.md`, finding);
    await run("b", "--lr=0.2");
    assertEquals(Deno.readTextFileSync(`${entry}/FINDINGS.md`), finding);
    assertStringIncludes(Deno.readTextFileSync(`${entry}/README.md`), `\n\n## Findings\n\n${finding}\n## Claims\n\n`);
    const kept = openRun(entry);
    assertEquals([...(await kept.measured()).rows()], [...(await openRun(`${folder}/b`).measured()).rows()]);
    assertEquals(claimDifferences(await judgeRun(kept, experiment), kept.claims!), []);
    const { written, fromLog } = await draw(entry, { experiment: decay });
    assertEquals([written.length, fromLog], [3, true]);
    assertEquals(Deno.readTextFileSync(`${entry}/figures/x.svg`), Deno.readTextFileSync(`${folder}/b/figures/x.svg`));
    assertEquals([...Deno.readDirSync(`${folder}/gallery`)].map(({ name }) => name).sort(), ["CLAIMS.md", "decay"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
