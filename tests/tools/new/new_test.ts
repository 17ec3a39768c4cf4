/** What `deno task new` writes passes every check, runs, and goes on where it was killed. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, toFileUrl } from "@std/path";
import { writeExperiment } from "../../../lib/tools/new/main.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { assertResumes } from "../../run/kills.ts";
import { finished, inFolder } from "../../run/subprocess.ts";
import project from "../../../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../../../", import.meta.url));

/** A workspace with everything but results: links to this one, and folders of its own for what is written. */
function workspace(folder: string): URL {
  for (const name of ["deno.json", "deno.lock", "kernels", "lib", "mod.ts"]) {
    Deno.symlinkSync(`${root}${name}`, `${folder}/${name}`);
  }
  Deno.mkdirSync(`${folder}/experiments`);
  Deno.mkdirSync(`${folder}/tests/experiments`, { recursive: true });
  Deno.symlinkSync(`${root}tests/run`, `${folder}/tests/run`);
  return toFileUrl(`${folder}/`);
}

Deno.test("a new experiment and its test pass format, lint, types, and run, whatever the length of the name", () =>
  inFolder(async (folder) => {
    const at = workspace(folder);
    const deno = (...args: string[]) => finished(Deno.execPath(), args, folder, { NO_COLOR: "1" });
    const names = ["a", "grokking_by_weight_decay_2", "n".repeat(40)];
    const files = names.flatMap((name) => writeExperiment(name, at));
    assertEquals(files.slice(2, 4), [
      "experiments/grokking_by_weight_decay_2.ts",
      "tests/experiments/grokking_by_weight_decay_2_test.ts",
    ]);
    for (const check of [["fmt", "--check"], ["lint"], ["check"]]) {
      const { code, stdout, stderr } = await deno(...check, ...files);
      assertEquals(code, 0, `${check}: ${stdout}${stderr}`);
    }
    const tested = await deno("test", "-A", files[3]);
    assertEquals(tested.code, 0, tested.stdout + tested.stderr);
    assertStringIncludes(tested.stdout, "grokking_by_weight_decay_2: the smoke preset");
    assert((Deno.statSync(`${folder}/${files[0]}`).mode! & 0o111) !== 0, "expected an experiment that can be started");
    const text = Deno.readTextFileSync(`${folder}/${files[2]}`);
    assert(!text.includes("skeleton"), "expected no trace of the skeleton's name");
  }));

Deno.test("the skeleton, killed and resumed, ends with the same log, claims and figures", () =>
  inFolder(async (folder) => {
    const program = `${root}lib/tools/new/skeleton.ts`;
    const options = ["--steps=1500", "--replicas=4", "--checkpoint-every=50"];
    const steps = await assertResumes({ program, root: folder, options, kills: 4, slowest: 1000 });
    assert(steps.length > 0, "expected a run that went on at least once");
  }));

Deno.test("a name that is none, or taken, is refused in one line and nothing is written", () =>
  inFolder(async (folder) => {
    const at = workspace(folder);
    const cases: [string, string][] = [
      ["My-Experiment", '"My-Experiment"; my_experiment would do'],
      ["../escape", '"../escape"; escape would do'],
      ["", '""'],
      ["1st", '"1st"; st would do'],
      ["n".repeat(41), `"${"n".repeat(41)}"; ${"n".repeat(40)} would do`],
    ];
    for (const [name, found] of cases) {
      assertThrows(() => writeExperiment(name, at), UserError, `at most 40 characters, found ${found}`);
    }
    Deno.writeTextFileSync(`${folder}/tests/experiments/taken_test.ts`, "");
    Deno.mkdirSync(`${folder}/experiments/parts`);
    writeExperiment("mine", at);
    const taken = { taken: "tests/experiments/taken_test.ts", parts: "experiments/parts", mine: "experiments/mine.ts" };
    for (const [name, path] of Object.entries(taken)) {
      assertThrows(() => writeExperiment(name, at), UserError, `found ${path}; nothing was written`);
    }
    assertEquals([...Deno.readDirSync(`${folder}/experiments`)].map(({ name }) => name).sort(), ["mine.ts", "parts"]);

    const [, ...options] = project.tasks.new.command.split(" ");
    const program = options.map((part) => part.endsWith(".ts") ? `${root}${part}` : part);
    const command = (...args: string[]) => finished(Deno.execPath(), [...program, ...args], folder);
    const several = await command("a", "b");
    assertEquals([several.code, several.stderr], [
      2,
      "error: expected NAME, as in: ./lab new NAME; found a b\n",
    ]);
    const exists = await command("grokking");
    assertEquals([exists.code, exists.stderr], [
      2,
      "error: expected a new name, found experiments/grokking.ts; nothing was written\n",
    ]);
    const help = await command("--help");
    assertEquals([help.code, help.stderr], [0, ""]);
    assertStringIncludes(help.stdout, "usage: ./lab new NAME");
  }));
