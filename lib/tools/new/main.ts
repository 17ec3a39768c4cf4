/**
 * `./lab new NAME`: a new experiment that runs, and its test, to be changed from there.
 *
 * Both are copies of this folder's `skeleton.ts` and of its test, which are checked and tested with everything else.
 *
 * @module
 */
import { fromFileUrl, relative } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { type Asked, defineCommand, runCommand } from "../command.ts";

/** Paths of an experiment's two files, from the root of the workspace. */
function pathsOf(name: string): { experiment: string; test: string } {
  return { experiment: `experiments/${name}.ts`, test: `tests/experiments/${name}_test.ts` };
}

/**
 * Text of a new experiment.
 *
 * @param skeleton Text of the skeleton.
 * @param name Name of the experiment.
 * @returns The same under its name, with paths as from `experiments/`.
 *
 * @example
 * ```ts
 * import { experimentText } from "./main.ts";
 *
 * const text = experimentText('import * as lab from "../../../mod.ts";\nname: "skeleton",', "mine");
 * if (text !== 'import * as lab from "../mod.ts";\nname: "mine",') throw new Error(text);
 * ```
 */
export function experimentText(skeleton: string, name: string): string {
  return skeleton.replaceAll('"../../../', '"../').replaceAll('"skeleton"', `"${name}"`);
}

/** Text of its test. */
export function testText(skeleton: string, name: string): string {
  return skeleton.replaceAll("../../../lib/tools/new/skeleton.ts", `../../experiments/${name}.ts`)
    .replaceAll('"../../../', '"../../').replaceAll('"../../run/', '"../run/')
    .replaceAll('"skeleton: ', `"${name}: `);
}

/**
 * Writes a new experiment and its test.
 *
 * @param name Its name.
 * @param root Root of the workspace; this one's unless given.
 * @returns Paths of the two files, from the root.
 * @throws {UserError} If the name is none, or taken.
 */
export function writeExperiment(name: string, root: URL = new URL("../../../", import.meta.url)): string[] {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) {
    const nearest = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^[\d_]+|_+$/g, "").slice(0, 40);
    const hint = nearest === "" ? "" : `; ${nearest} would do`;
    throw new UserError(
      `expected a name of a-z, 0-9 and _, beginning with a letter, of at most 40 characters, found ${
        JSON.stringify(name)
      }${hint}`,
    );
  }
  const { experiment, test } = pathsOf(name);
  const taken = [experiment, test, `experiments/${name}`].find((path) => exists(new URL(path, root)));
  if (taken !== undefined) throw new UserError(`expected a new name, found ${taken}; nothing was written`);
  const read = (path: string) => Deno.readTextFileSync(new URL(path, import.meta.url));
  const files = [
    { path: experiment, text: experimentText(read("./skeleton.ts"), name), mode: 0o755 },
    { path: test, text: testText(read("../../../tests/tools/new/skeleton_test.ts"), name), mode: 0o644 },
  ];
  for (const { path, text, mode } of files) {
    Deno.writeTextFileSync(new URL(path, root), text, { createNew: true, mode });
  }
  return files.map(({ path }) => path);
}

function exists(path: URL): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const command = defineCommand({
  name: "new",
  about: "Writes a new experiment that runs, and its test: experiments/NAME.ts and tests/experiments/NAME_test.ts.",
  options: {},
  operands: { name: "NAME", help: "a-z, 0-9 and _, beginning with a letter, at most 40 characters", least: 1, most: 1 },
  notes:
    `What it writes trains linear regression by SGD beside a control and compares it with its exact recursion, with claims, figures,
presets and checkpoints. Change question, task, model, measure and claims to yours; the loop stays visible.`,
});

function main({ operands: [name] }: Asked<typeof command.options>): void {
  const [experiment, test] = writeExperiment(name);
  const root = relative(Deno.cwd(), fromFileUrl(new URL("../../../", import.meta.url)));
  const at = (path: string) => root === "" ? path : `${root}/${path}`;
  console.log(`written: ${at(experiment)}, ${at(test)}
run it:  ./lab run ${name} --preset=smoke
test it: ./lab test ${test}`);
}

if (import.meta.main) await runCommand(command, main);
