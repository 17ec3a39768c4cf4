/**
 * Checks the whole tree, then runs every test and every documented example.
 *
 * `deno task test` formats-checks, lints, type-checks and tests, the page in a browser too where chromium is installed;
 * `deno task check` stops before the tests.
 * `deno task test ARGS` hands ARGS (files, `--filter=NAME`, …) to `deno test` and skips the checks. The last line of a
 * test run is always `N passed, M failed`, with `, K skipped` where some were; the exit code is that of the first
 * tool that failed.
 *
 * @module
 */

/** How many tests ended how; the steps of a test count with their test. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts the tests of a JUnit report of `deno test --junit-path`.
 *
 * A step is a case of its own there, named `TEST > STEP` (`>` stands escaped); its failure also fails its test, so
 * that leaving steps out loses nothing.
 *
 * @example
 * ```ts
 * import { countTests } from "./run_tests.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const report = `<testcase name="adds" classname="./a_test.ts" time="0.1" line="1" col="6">\n</testcase>`;
 * assertEquals(countTests(report), { passed: 1, failed: 0, skipped: 0 });
 * ```
 *
 * @param report The report's XML text.
 * @returns Counts ≥ 0.
 */
export function countTests(report: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const cases = [...report.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>([^]*?)<\/testcase>/g)];
  const names = new Set(cases.map(([, name, file]) => `${file} ${name}`));
  for (const [, name, file, body] of cases) {
    const parents = [...name.matchAll(/ &gt; /g)].map((separator) => name.slice(0, separator.index));
    if (parents.some((parent) => names.has(`${file} ${parent}`))) continue;
    if (body.includes("<failure")) counts.failed++;
    else if (body.includes("<skipped")) counts.skipped++;
    else counts.passed++;
  }
  return counts;
}

/** The closing line. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

const HELP = `Checks format, lint, types and docs, then runs every test and every documented example.

usage: deno task test                 everything, up to four test processes side by side
       deno task test FILES OPTIONS   these tests only, as deno test takes them: tests/run --filter=claims
       deno task test --driver=FILE [FILES OPTIONS]
                                      those of the kernels, or these, on another Vulkan driver: its json, or swiftshader
                                      for the software driver that chromium brings
       deno task check                format, lint, types and docs only`;

/** Runs a tool with its output on this terminal and returns how it ended; `undefined` where it is not installed. */
async function runTool(tool: string, args: string[]): Promise<Deno.CommandStatus | undefined> {
  console.log(`> ${tool} ${args.join(" ")}`);
  const command = tool === "deno" ? Deno.execPath() : tool;
  try {
    return await new Deno.Command(command, { args, stdout: "inherit", stderr: "inherit" }).spawn().status;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Runs Deno; output comes when it has ended, so that those that run side by side do not mix. The software driver shares no work
 * out to threads: processes fill the cores, and a launch costs a thirtieth.
 */
async function runAside(args: string[]): Promise<Said> {
  const { success, code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { LP_NUM_THREADS: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, code, signal, text: `> deno ${args.join(" ")}\n${out}${error}` };
}

/** How a process ended, and what it said. */
interface Said extends Deno.CommandStatus {
  readonly text: string;
}

/** Runs Deno one way or the other. */
type Run = (args: string[]) => Promise<Deno.CommandStatus>;

/** A part of the tree with a configuration and a lock of its own, because it needs a large package. */
interface Part {
  /** Its configuration. */
  readonly config: string;
  /** Folders that belong to it. */
  readonly folders: readonly string[];
  /** File whose imports name the package. */
  readonly entry: string;
  /** A program that its tests need, and how to install it. */
  readonly needs?: { readonly program: string; readonly install: string };
}

/** Those of this tree. */
const parts: readonly Part[] = [
  {
    config: "lib/tools/query/deno.json",
    folders: ["lib/tools/query", "lib/tools/import", "tests/tools/query", "tests/tools/import"],
    entry: "lib/tools/query/main.ts",
  },
  {
    config: "tests/browser/deno.json",
    folders: ["tests/browser"],
    entry: "tests/browser/page_test.ts",
    needs: { program: "/usr/bin/chromium", install: "apt-get install chromium" },
  },
].filter(({ config }) => exists(config)).map((part) => ({ ...part, folders: part.folders.filter(exists) }));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const ofParts = (...args: string[]) =>
  parts.map(({ config, folders }) => ["deno", ...args, `--config=${config}`, ...folders]);

const checks = [
  ["deno", "fmt", "--check"],
  ...ofParts("fmt", "--check"),
  ["deno", "lint"],
  ...ofParts("lint"),
  ["deno", "check"],
  ["deno", "doc", "--lint", "mod.ts"],
  ["shellcheck", "lab", ".ci/run", "tests/lab/bare_tree.sh"],
];

/** Runs the checks up to the first that fails and returns its exit code, or 0. */
async function runChecks(): Promise<number> {
  for (const [tool, ...args] of checks) {
    const status = await runTool(tool, args);
    if (status === undefined) console.log(`  skipped: ${tool} is not installed`);
    else if (!status.success) {
      console.error(`${tool} ${args.join(" ")}: exit code ${status.code}`);
      return status.code;
    }
  }
  return 0;
}

/**
 * Whether a test process was killed by a signal with nothing left to test.
 *
 * `deno test` writes its report once, when all tests have ended; files that did not load end it with an exit code, not with
 * a signal. Mesa's software driver corrupts its heap in about one of 30 process exits (SIGABRT, SIGSEGV), which says
 * nothing about any test.
 *
 * @param signal Signal that ended the process, if one did.
 * @param counts What the report holds; all zero where it was never written.
 * @returns Whether the report can be believed.
 */
export function diedInTeardown(signal: Deno.Signal | null, { passed, failed }: Counts): boolean {
  return (signal === "SIGABRT" || signal === "SIGSEGV") && passed > 0 && failed === 0;
}

/** Keeps the shaders of kernel tests in the folder that this variable names … */
const RECORD = "tests/gpu/record_shaders.ts";
const SHADERS = "ICL_LAB_SHADERS";
/** … for a test that needs them all, and waits for them. */
const COMPILE = "tests/browser/shaders.ts";

/** How tests ended. */
interface Ended {
  readonly code: number;
  readonly counts: Counts;
}

/** Runs `deno test`, examples included, and returns its exit code and counts. */
async function runTests(args: string[], run: Run): Promise<Ended> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const sanitizers = ["--sanitize-ops", "--sanitize-resources"];
    const recorded = args.some((arg) => arg.startsWith("tests/kernels")) && exists(RECORD)
      ? [`--preload=${RECORD}`]
      : [];
    const test = ["test", "-A", "--doc", ...sanitizers, ...recorded, `--junit-path=${report}`, ...args];
    const { code, signal } = await run(test);
    const counts = countTests(await Deno.readTextFile(report));
    if (diedInTeardown(signal, counts)) {
      console.error(`note: ${signal} after the report was complete: the GPU driver died while the process was ending`);
      return { code: 0, counts };
    }
    // A file that does not load is no test case in the report: only the exit code tells.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return { code, counts };
  } finally {
    await Deno.remove(report);
  }
}

/** Deno with its output on this terminal. */
const onTerminal = async (args: string[]) => (await runTool("deno", args))!;

/**
 * Runs the tests of a part. Where its package cannot be fetched they are skipped, unless CI is set: there they have failed.
 */
async function testPart({ config, folders, entry, needs }: Part, args: string[], run: Run): Promise<Ended> {
  if (needs && !exists(needs.program)) {
    console.error(`skipped: ${folders.join(", ")} need ${needs.program}, found none (${needs.install})`);
    return { code: 0, counts: { passed: 0, failed: 0, skipped: 1 } };
  }
  const fetched = await run(["cache", "--quiet", `--config=${config}`, entry]);
  if (fetched.success) {
    return await runTests([`--config=${config}`, ...args, ...(args.length === 0 ? folders : [])], run);
  }
  const required = Boolean(Deno.env.get("CI"));
  console.error(`${required ? "failed" : "skipped"}: the packages of ${config} could not be fetched`);
  return { code: required ? 1 : 0, counts: { passed: 0, failed: required ? 1 : 0, skipped: required ? 0 : 1 } };
}

/** Folders that take longest: those in them are tested in processes of their own. */
const SPLIT = ["tests/run", "tests/experiments", "tests/kernels", "tests/metrics", "tests/tools"];
/** Of these, those in which single files are long ones. */
const FILE_BY_FILE = ["tests/run", "tests/experiments"];

/** What is tested by itself: folders within these, and their own files, together or one by one. */
function unitsOf(folders: readonly string[]): string[][] {
  return folders.filter(exists).flatMap((folder) => {
    const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
    const paths = (kind: "isDirectory" | "isFile") =>
      entries.filter((entry) => entry[kind]).map(({ name }) => `${folder}/${name}`).filter((path) =>
        partOf(path) === undefined
      );
    const files = paths("isFile").filter(isTest);
    const folders = paths("isDirectory").filter((path) => hasTests(path));
    return [
      ...(FILE_BY_FILE.includes(folder) ? files.map((file) => [file]) : [files]),
      ...folders.map((path) => [path]),
    ]
      .filter(({ length }) => length > 0);
  });
}

/** The other folders of tests, a process each. */
function othersThan(split: readonly string[]): string[][] {
  if (!exists("tests")) return [];
  return [...Deno.readDirSync("tests")].filter(({ isDirectory }) => isDirectory).map(({ name }) => `tests/${name}`)
    .filter((path) => !split.includes(path) && partOf(path) === undefined && hasTests(path)).sort().map((
      path,
    ) => [path]);
}

const isTest = (path: string) => path.endsWith("_test.ts");

function hasTests(folder: string): boolean {
  return [...Deno.readDirSync(folder)].some(({ name, isDirectory }) =>
    isDirectory ? hasTests(`${folder}/${name}`) : isTest(name)
  );
}

/** Paths that the project's configuration excludes. */
function excluded(): string[] {
  return JSON.parse(Deno.readTextFileSync("deno.json")).exclude ?? [];
}

/** Runs jobs, `width` at a time. */
async function sideBySide<T>(jobs: readonly (() => Promise<T>)[], width: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < jobs.length; at = next++) results[at] = await jobs[at]();
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}

/** The part that a path belongs to. */
function partOf(path: string): Part | undefined {
  return parts.find(({ folders }) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`)));
}

/** Runs what is asked for: everything, or what `deno test` makes of the arguments; a part if one of them is in it. */
async function runAll(args: string[]): Promise<Ended> {
  const part = args.map((arg) => partOf(arg.replace(/^\.\//, ""))).find((found) => found !== undefined);
  if (part !== undefined) return await testPart(part, args, onTerminal);
  if (args.length > 0) return await runTests(args, onTerminal);
  const units = [...unitsOf(SPLIT), ...othersThan(SPLIT)];
  // What is told to be ignored takes the place of what the configuration excludes.
  const elsewhere = [...excluded(), ...parts.flatMap(({ folders }) => folders), ...units.flat()];
  const rest = units.length === 0 ? [] : [`--ignore=${elsewhere.join(",")}`];
  // What failed is said last, where it is looked for.
  const failures: string[] = [];
  const run: Run = async (args) => {
    const said = await runAside(args);
    if (said.success) console.log(said.text);
    else failures.push(said.text);
    return said;
  };
  const shaders = await Deno.makeTempDir();
  Deno.env.set(SHADERS, shaders);
  const kernels: Promise<Ended>[] = [];
  const results = await sideBySide([
    () => runTests(rest, run),
    ...parts.map((part) => () => testPart(part, [], run)),
    ...units.map((unit) => () => {
      // Their types are checked by then; each process would take seconds to do it once more.
      const ended = runTests(["--no-check", ...unit], run);
      if (unit[0].startsWith("tests/kernels")) kernels.push(ended);
      return ended;
    }),
    ...(exists(COMPILE) ? [() => Promise.all(kernels).then(() => testPart(partOf(COMPILE)!, [COMPILE], run))] : []),
  ], Math.min(4, 2 * navigator.hardwareConcurrency));
  await Deno.remove(shaders, { recursive: true });
  failures.forEach((text) => console.log(text));
  const sum = (key: keyof Counts) => results.reduce((total, { counts }) => total + counts[key], 0);
  return {
    code: results.find(({ code }) => code !== 0)?.code ?? 0,
    counts: { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") },
  };
}

/** Software driver of Chromium: a second opinion, with four lanes a subgroup and other limits than Mesa's, at a tenth of its speed. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Takes `--driver=FILE` off the arguments and lets all further processes use that driver; the kernels are tested unless told otherwise. */
function chooseDriver(args: string[]): string[] {
  const given = args.find((arg) => /^--driver(=|$)/.test(arg));
  if (given === undefined) return args;
  const rest = args.filter((arg) => arg !== given);
  const asked = given.slice("--driver=".length);
  const file = asked === "swiftshader" ? SWIFTSHADER : asked;
  if (file === "" || !exists(file)) {
    const install = asked === "swiftshader" ? " (apt-get install chromium)" : "";
    console.error(
      `expected --driver=FILE to name a Vulkan driver's json, found ${file ? `none at ${file}` : "no file"}${install}`,
    );
    Deno.exit(2);
  }
  Deno.env.set("VK_DRIVER_FILES", file);
  return rest.some((arg) => !arg.startsWith("-")) ? rest : ["tests/kernels", ...rest];
}

/** The whole command: prints as it goes and returns the exit code. */
async function main(given: string[]): Promise<number> {
  const args = chooseDriver(given);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return 0;
  }
  if (args[0] === "--checks-only") return await runChecks();
  const checked = args.length === 0 ? await runChecks() : 0;
  if (checked !== 0) {
    console.log(formatCounts({ passed: 0, failed: 1, skipped: 0 }));
    return checked;
  }
  const { code, counts } = await runAll(args);
  const none = code === 0 && counts.passed === 0;
  if (none) console.error("expected at least one test to pass, found none that ran");
  console.log(formatCounts(counts));
  return none ? 1 : code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
