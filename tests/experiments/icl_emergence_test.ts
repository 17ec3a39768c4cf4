import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/icl_emergence.ts";
import { runExperiment } from "../../lib/run/mod.ts";
import { finished, inFolder, killedRun } from "../run/subprocess.ts";

const file = fromFileUrl(import.meta.resolve("../../experiments/icl_emergence.ts"));
const args = (...more: string[]) => ["--preset=smoke", "--quiet", ...more];
const denoArgs = (
  ...more: string[]
) => ["run", "--no-prompt", "--allow-read", "--allow-write=results", file, ...args(...more)];
const env = { XDG_RUNTIME_DIR: "/tmp" };

/** Everything of a run but its manifest and its checkpoints, by path. */
function remains(folder: string, below = ""): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${below}`)) {
    if (isDirectory && name !== "checkpoints") Object.assign(files, remains(folder, `${below}${name}/`));
    else if (!isDirectory && name !== "manifest.json") {
      files[below + name] = Deno.readTextFileSync(`${folder}/${below}${name}`);
    }
  }
  return files;
}

Deno.test("the smoke preset runs to its end; killed and resumed, it leaves the same log, claims and figures", () =>
  inFolder(async (root) => {
    assertEquals((await finished(Deno.execPath(), denoArgs("--out=results/whole"), root, env)).code, 0);
    // The second ensemble is under way: the first one is saved.
    await killedRun(denoArgs("--out=results/run"), root, env, `${root}/results/run`, 1);
    const resumed = [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write=results",
      file,
      "--resume=results/run",
      "--quiet",
    ];
    assertEquals((await finished(Deno.execPath(), resumed, root, env)).code, 0);
    const whole = remains(`${root}/results/whole`);
    assertEquals(Object.keys(whole).filter((path) => path.endsWith(".svg")).length, 8);
    assertEquals(remains(`${root}/results/run`), whole);
    // Replica r of the interventions that only hold starts where the untouched ensemble was: the same first score.
    const rows = whole["log.ndjson"].trim().split("\n").map((line) => JSON.parse(line));
    const scoreOf = (ensemble: string) =>
      rows.find((row) => row.ensemble === ensemble && row.step === 30 && row.quantity === "score" && row.replica === 1)
        .value;
    assertEquals(scoreOf("freeze top"), scoreOf("depth-2"));
    assert(scoreOf("re-randomise top") !== scoreOf("depth-2"));
  }));

Deno.test("bytes of a text are a task; in-context Markov chains too", () =>
  inFolder(async (root) => {
    const small = ["--depths=2", "--interventions=no", "--steps=40", "--every=5"];
    const text = ["--task=text", "--text=/usr/share/common-licenses/GPL-3"];
    for (const task of [["--task=markov", "--control=no"], text]) {
      const out = `${root}/${task[0].slice(7)}`;
      const { exitCode } = await runExperiment(experiment, args(...task, ...small, `--out=${out}`));
      assertEquals(exitCode, 0);
      const names = new Set(
        Deno.readTextFileSync(`${out}/log.ndjson`).trim().split("\n").map((line) => JSON.parse(line))
          .filter(({ kind }) => kind === "baseline").map(({ name }) => name),
      );
      assert(names.has("in-context bigram") && names.has("text bigram") === (task === text), [...names].join());
    }
  }));
