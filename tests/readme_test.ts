import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import * as lab from "../mod.ts";
import { pause, remains } from "./run/kills.ts";

const root = fromFileUrl(new URL("../", import.meta.url));
const readme = Deno.readTextFileSync(`${root}README.md`);

/** The code block of README.md that begins with a text. */
function block(beginning: string): string {
  const code = [...readme.matchAll(/```[a-z ]+\n([\s\S]*?)```/g)].map(([, code]) => code);
  const found = code.find((text) => text.startsWith(beginning));
  assert(found, `expected a block of README.md that begins with ${beginning}, found none`);
  return found;
}

/** Runs `use` in a folder that looks like the workspace, with room for further experiments, kernels and tests. */
async function inWorkspace(use: (folder: string) => Promise<void>) {
  const folder = Deno.makeTempDirSync();
  try {
    for (const { name, isDirectory } of Deno.readDirSync(root)) {
      if ([".git", "results", "experiments", "kernels", "tests", "lib"].includes(name)) continue;
      Deno.symlinkSync(`${root}${name}`, `${folder}/${name}`, { type: isDirectory ? "dir" : "file" });
    }
    for (const name of ["kernels", "lib", "tests/oracles"]) copyFolder(name, folder);
    Deno.mkdirSync(`${folder}/experiments`);
    Deno.mkdirSync(`${folder}/tests/kernels/elementwise`, { recursive: true });
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Copies the files below a folder of the workspace: modules know each other by their real paths. */
function copyFolder(name: string, to: string) {
  Deno.mkdirSync(`${to}/${name}`, { recursive: true });
  for (const entry of Deno.readDirSync(`${root}${name}`)) {
    const path = `${name}/${entry.name}`;
    if (entry.isDirectory) copyFolder(path, to);
    else if (entry.isFile) Deno.copyFileSync(`${root}${path}`, `${to}/${path}`);
  }
}

function deno(cwd: string, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), { args: [...args], cwd, stdin: "null", stdout: "piped", stderr: "piped" });
}

async function succeeds(cwd: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await deno(cwd, args).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, said + errors);
  return said;
}

/** The deno.json's command of a task, as arguments. */
function task(name: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  return tasks[name].command.split(" ").slice(1);
}

Deno.test("README: its experiment is complete, at most 60 lines, and runs, resumes and is profiled as README says", () =>
  inWorkspace(async (folder) => {
    const code = block("/**\n * Does attention alone learn to copy");
    assert(code.trimEnd().split("\n").length <= 60, "expected at most 60 lines");
    Deno.writeTextFileSync(`${folder}/experiments/copying.ts`, code);
    assertStringIncludes(readme, "./lab run experiments/copying.ts --png");
    const run = [...task("run"), "experiments/copying.ts"];
    await succeeds(folder, ["check", "experiments/copying.ts"]);
    const options = ["--preset=smoke", "--checkpoint-every=10", "--png", "--quiet"];
    await succeeds(folder, [...run, ...options, "--out=results/whole"]);
    assert(Deno.statSync(`${folder}/results/whole/figures/loss.png`).size > 5000);

    const child = deno(folder, [...run, ...options, "--out=results/cut"]).spawn();
    while (!exists(`${folder}/results/cut/checkpoints/step-00000010.safetensors`)) await pause(5);
    child.kill("SIGINT");
    await child.output();
    await succeeds(folder, [...run, "--resume=results/cut", "--quiet"]);
    assertEquals(remains(`${folder}/results/cut/figures`), remains(`${folder}/results/whole/figures`));
    assertEquals(
      Deno.readTextFileSync(`${folder}/results/cut/log.ndjson`),
      Deno.readTextFileSync(`${folder}/results/whole/log.ndjson`),
    );

    await succeeds(folder, [...run, "--steps=2", "--checkpoint-every=0", "--quiet", "--out=results/short"]);
    assert(!exists(`${folder}/results/short/checkpoints`));
    assertStringIncludes(await succeeds(folder, [...task("profile"), "copying", "--steps=8", "--quiet"]), "GFLOP/s");
  }));

Deno.test("README: its in-context regression is complete, at most 40 lines, and runs", () =>
  inWorkspace(async (folder) => {
    const code = block('import * as lab from "../mod.ts";\nconst [int, float]');
    assert(code.trimEnd().split("\n").length <= 40, "expected at most 40 lines");
    Deno.writeTextFileSync(`${folder}/experiments/regression.ts`, code);
    await succeeds(folder, ["check", "experiments/regression.ts"]);
    const options = ["--preset=smoke", "--quiet", "--out=results/one"];
    await succeeds(folder, [...task("run"), "experiments/regression.ts", ...options]);
    const rows = Deno.readTextFileSync(`${folder}/results/one/log.ndjson`).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(rows.length, 2 * 4 * 8);
    assert(rows.every(({ ridge }) => ridge > 0.25), "no predictor is better than the noise allows");
  }));

Deno.test("README: its operation is complete, and its test passes", () =>
  inWorkspace(async (folder) => {
    Deno.writeTextFileSync(
      `${folder}/kernels/elementwise/square_relu.wgsl`,
      block("// kernels/elementwise/square_relu.wgsl"),
    );
    Deno.writeTextFileSync(
      `${folder}/kernels/elementwise/square_relu.ts`,
      block("// kernels/elementwise/square_relu.ts"),
    );
    Deno.writeTextFileSync(
      `${folder}/tests/kernels/elementwise/square_relu_test.ts`,
      block("// tests/kernels/elementwise/square_relu_test.ts"),
    );
    const said = await succeeds(folder, ["test", "-A", "tests/kernels/elementwise/square_relu_test.ts"]);
    assertStringIncludes(said, "2 passed");
  }));

Deno.test("README: every name in the tables of the library is exported", () => {
  const [, section] = /\n## The library\n([\s\S]*?)\n## /.exec(readme)!;
  const rows = section.split("\n").filter((line) => /^\| `/.test(line));
  const names = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  assert(names.length > 100, `found ${names.length} names`);
  const options = ["clip", "weightDecay"];
  assertEquals(names.filter((name) => !(name in lab) && !options.includes(name)), []);
});

Deno.test("README: every file it links to exists, and every task that it starts", () => {
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
    assert(Deno.statSync(`${root}${target}`), target);
  }
  const started = [...readme.matchAll(/(?:\.\/lab|deno task) ([a-z-]+)/g)].map(([, name]) => name);
  assert(started.includes("demo"));
  for (const name of new Set(started)) assert(task(name), name);
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
