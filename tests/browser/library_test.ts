/** The library as one module in a browser: the example page trains there as it does in Deno, loss by loss. */
import { assertEquals, assertLess } from "@std/assert";
import { deno, launch } from "./browser.ts";

const example = new URL("../../lib/tools/page/example.html", import.meta.url);
/** Steps of a two-layer transformer whose losses are compared. */
const STEPS = 60;

Deno.test("the example page trains a two-layer transformer with the losses of Deno, to 1e-5 over 60 steps", async () => {
  const html = Deno.readTextFileSync(example).replace("[16, 16, 600]", `[16, 16, ${STEPS}]`);
  const script = /<script type="module">([\s\S]*)<\/script>/.exec(html)![1];
  const here = script.replace('"./icl-lab.js"', JSON.stringify(new URL("../../mod.ts", import.meta.url).href));
  const stub =
    `globalThis.document = { querySelector: () => ({ setAttribute() {} }) };\n${here}\nconsole.log(JSON.stringify(losses));`;

  const folder = await Deno.makeTempDir();
  const browser = await launch({ webgpu: true });
  try {
    await deno(["run", "-A", "lib/tools/page/main.ts", "--library", `--out=${folder}/icl-lab.js`]);
    const expected: number[][] = JSON.parse(await deno(["run", "-A", "--no-check", "--ext=js", "-"], stub));
    const page = await browser.newPage();
    const trouble: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && trouble.push(message.text())));
    page.on("pageerror", (error) => void trouble.push(error.message));
    const files: Record<string, string> = { "/": html, "/icl-lab.js": Deno.readTextFileSync(`${folder}/icl-lab.js`) };
    await page.route("**/*", (route) => {
      const path = new URL(route.request().url()).pathname;
      const contentType = path.endsWith(".js") ? "text/javascript" : "text/html";
      return path in files ? route.fulfill({ contentType, body: files[path] }) : route.fulfill({ status: 204 });
    });
    await page.goto("http://localhost/");
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
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
});
