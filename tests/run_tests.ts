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

const checks = [
  ["deno", "fmt", "--check"],
  ["deno", "lint"],
  ["deno", "check"],
  ["deno", "doc", "--lint", "mod.ts"],
  ["shellcheck", "lab", ".ci/run", "tests/lab/bare_tree.sh"],
];

/** Tests in a browser, with packages of their own that nobody else should have to fetch. */
const BROWSER_TESTS = "tests/browser";
const CHROMIUM = "/usr/bin/chromium";

/** Checks of the browser tests, which the configuration of the workspace leaves out. */
const browserChecks = ["fmt --check", "lint"].map((tool) => [
  "deno",
  ...tool.split(" "),
  `--config=${BROWSER_TESTS}/deno.json`,
  BROWSER_TESTS,
]);

/** Runs the checks up to the first that fails and returns its exit code, or 0. */
async function runChecks(): Promise<number> {
  const all = isThere(`${BROWSER_TESTS}/deno.json`) ? [...checks, ...browserChecks] : checks;
  for (const [tool, ...args] of all) {
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

/** Runs `deno test`, examples included, and returns its exit code and counts. */
async function runTests(args: string[]): Promise<{ code: number; counts: Counts }> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const sanitizers = ["--sanitize-ops", "--sanitize-resources"];
    const test = ["test", "-A", "--doc", ...sanitizers, `--junit-path=${report}`, ...args];
    const { code, signal } = await runTool("deno", test) ?? { code: 1, signal: null };
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

/** Runs the tests of the page in a real browser, or says in one line why not. */
async function runBrowserTests(): Promise<{ code: number; counts: Counts }> {
  if (isThere(`${BROWSER_TESTS}/deno.json`)) {
    if (isThere(CHROMIUM)) return await runTests([`--config=${BROWSER_TESTS}/deno.json`, BROWSER_TESTS]);
    console.log(`browser tests skipped: expected ${CHROMIUM}, found none (apt-get install chromium)`);
  }
  return { code: 0, counts: { passed: 0, failed: 0, skipped: 0 } };
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The whole command: prints as it goes and returns the exit code. */
async function main(args: string[]): Promise<number> {
  if (args[0] === "--checks-only") return await runChecks();
  const checked = args.length === 0 ? await runChecks() : 0;
  if (checked !== 0) {
    console.log(formatCounts({ passed: 0, failed: 1, skipped: 0 }));
    return checked;
  }
  const all = [await runTests(args), ...(args.length === 0 ? [await runBrowserTests()] : [])];
  const code = all.find(({ code }) => code !== 0)?.code ?? 0;
  const counts = all.map(({ counts }) => counts).reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }));
  const none = code === 0 && counts.passed === 0;
  if (none) console.error("expected at least one test to pass, found none that ran");
  console.log(formatCounts(counts));
  return none ? 1 : code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
