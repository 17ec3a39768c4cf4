/**
 * Kernel tests as they stand, in a web page: their files bundled as a page's code is, `Deno.test` put in the page's hands.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { bundle } from "../../lib/tools/page/bundle.ts";

/** Where tests register themselves in the page. */
const TESTS = "globalThis.kernelTests";

/** How a test ended there. */
export interface Ended {
  /** File and name. */
  readonly name: string;
  /** The error that it threw; empty if it passed. */
  readonly error: string;
  /** How long it took. */
  readonly elapsedMs: number;
}

/**
 * Bundles tests for a page.
 *
 * @param files Test files from the root of the tree, which use no file and no process.
 * @returns One ES module; each test is in `kernelTests` with its file as soon as it has loaded.
 */
export async function bundleTests(files: readonly string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const entry = new URL(`file://${folder}/entry.ts`);
    const lines = files.map((file) => `import ${JSON.stringify(new URL(`../../${file}`, import.meta.url).href)};`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const code = await bundle(entry);
    const own = code.replaceAll("Deno.test(", `${TESTS}.add(`);
    return `${TESTS} = [];\n` +
      `${TESTS}.add = (test, run) => ${TESTS}.push(run ? { name: test, run } : { name: test.name, run: test.fn });\n` +
      `${own}\n${TESTS}.loaded = true;\n`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs those whose names begin with one of some words; one that takes longer than it may counts as failed. */
export async function runTests(page: Page, names: readonly string[], seconds: number): Promise<Ended[]> {
  await page.waitForFunction(() => (globalThis as { kernelTests?: { loaded?: true } }).kernelTests?.loaded, undefined, {
    timeout: 60_000,
  });
  return await page.evaluate(async ({ names, seconds }) => {
    const { kernelTests } = globalThis as unknown as { kernelTests: { name: string; run(): unknown }[] };
    const ended = [];
    for (const { name, run } of kernelTests) {
      if (!names.some((begin) => name.startsWith(begin))) continue;
      const start = performance.now();
      let error = "";
      try {
        await Promise.race([
          run(),
          new Promise((_, refuse) =>
            setTimeout(() => refuse(new Error(`took more than ${seconds} s`)), 1000 * seconds)
          ),
        ]);
      } catch (thrown) {
        error = String((thrown as Error)?.stack ?? thrown);
      }
      ended.push({ name, error, elapsedMs: performance.now() - start });
    }
    return ended;
  }, { names, seconds });
}
