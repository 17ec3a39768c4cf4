/**
 * The library as one module in a browser: the example page trains there as it does in Deno, loss by loss, and kernels of every
 * family give there what float64 gives.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { Browser } from "playwright-core";
import { deno, launch } from "./browser.ts";
import { bundleTests, runTests } from "./kernel_tests.ts";

const example = new URL("../../lib/tools/page/example.html", import.meta.url);
/** Steps of a two-layer transformer whose losses are compared. */
const STEPS = 60;
/** Of every family of kernels, files of tests and how the names of those begin that run here: those that are quick. */
const KERNELS: Readonly<Record<string, readonly string[]>> = {
  "kernels/elementwise/gelu": ["erf: to 3e-7", "gelu: its second derivative"],
  "kernels/elementwise/unary": ["unary: what is not a number"],
  "kernels/reduce/softmax": ["log softmax: a probability", "softmax: the composed form"],
  "kernels/arrange/gather": ["gather: one entry", "select: an entry"],
  "kernels/norm/norm": ["norm: without gain", "norm: the composed form"],
  "kernels/matmul/matmul": ["matmul, naive: every", "matmul, register: replicas"],
  "kernels/attention/sparse_attention": ["sparse attention: values"],
  "kernels/attention/attention": ["attention: one key", "attention: scores far apart"],
  "kernels/loss/cross_entropy": ["cross_entropy: losses from", "cross_entropy: a logit"],
  "kernels/optim/flat_adam": ["flat_adam: Adam and AdamW", "flat_adam: a step at"],
  "kernels/random/random": ["threefry", "uniform, logarithm"],
  "kernels/tasks/linear_labels": ["linear_labels: real labels"],
  "kernels/baselines/ridge": ["ridge: a penalty", "ridge: no drift"],
  "linalg/cholesky": ["cholesky, against"],
  "kernels/linear_icl/linear_icl_backward": ["linear_icl_backward: the definition"],
  "kernels/attention_dmft/spins": ["spin_map: steps", "spin_token"],
};

const browser: Browser = await launch({ webgpu: true });
Deno.test.afterAll(() => browser.close());

/** Opens a page of these files. */
async function pageOf(files: Readonly<Record<string, string>>) {
  const page = await browser.newPage();
  const trouble: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && trouble.push(message.text())));
  page.on("pageerror", (error) => void trouble.push(error.message));
  await page.route("**/*", (route) => {
    const path = new URL(route.request().url()).pathname;
    const contentType = path.endsWith(".js") ? "text/javascript" : "text/html";
    return path in files ? route.fulfill({ contentType, body: files[path] }) : route.fulfill({ status: 204 });
  });
  await page.goto("http://localhost/");
  return { page, trouble };
}

Deno.test("the example page trains a two-layer transformer with the losses of Deno, to 1e-5 over 60 steps", async () => {
  const html = Deno.readTextFileSync(example).replace("[16, 16, 600]", `[16, 16, ${STEPS}]`);
  const script = /<script type="module">([\s\S]*)<\/script>/.exec(html)![1];
  const here = script.replace('"./icl-lab.js"', JSON.stringify(new URL("../../mod.ts", import.meta.url).href));
  const stub =
    `globalThis.document = { querySelector: () => ({ setAttribute() {} }) };\n${here}\nconsole.log(JSON.stringify(losses));`;

  const folder = await Deno.makeTempDir();
  try {
    await deno(["run", "-A", "lib/tools/page/main.ts", "--library", `--out=${folder}/icl-lab.js`]);
    const expected: number[][] = JSON.parse(await deno(["run", "-A", "--no-check", "--ext=js", "-"], stub));
    const files = { "/": html, "/icl-lab.js": Deno.readTextFileSync(`${folder}/icl-lab.js`) };
    const { page, trouble } = await pageOf(files);
    const done = () => page.evaluate((steps) => (globalThis as { losses?: unknown[] }).losses?.length === steps, STEPS);
    for (let second = 0; trouble.length === 0 && second < 100 && !await done(); second++) {
      await page.waitForTimeout(500);
    }
    assertEquals(trouble, []);
    const found = await page.evaluate(() => (globalThis as unknown as { losses: number[][] }).losses);
    assertEquals(found.length, expected.length);
    const errors = found.flatMap((row, step) => row.map((loss, r) => Math.abs(loss / expected[step][r] - 1)));
    assertLess(Math.max(...errors), 1e-5);
    assertLess(found.at(-1)![0], found[0][0], "it has learned something");
    assertEquals((await page.locator("polyline").getAttribute("points"))!.split(" ").length, STEPS);
    console.log(`largest relative difference of ${errors.length} losses: ${Math.max(...errors).toExponential(1)}`);
    await page.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("kernels of every family meet their float64 references in Chromium", async () => {
  const families = [...Deno.readDirSync(new URL("../../kernels/", import.meta.url))].filter(({ isDirectory, name }) =>
    isDirectory && name !== "shared"
  );
  const missing = families.filter(({ name }) => !Object.keys(KERNELS).some((file) => file.split("/").includes(name)));
  assertEquals(missing.map(({ name }) => name), [], "families without a test here");

  const code = await bundleTests(Object.keys(KERNELS).map((file) => `tests/${file}_test.ts`));
  const { page, trouble } = await pageOf({ "/": `<script type="module" src="tests.js"></script>`, "/tests.js": code });
  const ended = await runTests(page, Object.values(KERNELS).flat(), 60);
  assertEquals(trouble, []);
  assertEquals(ended.filter(({ error }) => error !== "").map(({ name, error }) => `${name}: ${error}`), []);
  for (const begin of Object.values(KERNELS).flat()) {
    assert(ended.some(({ name }) => name.startsWith(begin)), `no test begins with ${begin}`);
  }
  const slowest = ended.toSorted((a, b) => b.elapsedMs - a.elapsedMs)[0];
  console.log(`${ended.length} tests; ${slowest.name} took ${(slowest.elapsedMs / 1000).toFixed(1)} s`);
  await page.close();
});
