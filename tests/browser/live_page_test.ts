/** An experiment in a web page, in Chromium with its software driver: it trains, is drawn, is judged, and leaves nothing behind. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { accessibility, deno, fits, launch, open } from "./browser.ts";

const folder = Deno.makeTempDirSync();
await deno(["run", "-A", "lib/tools/page/main.ts", "linear_icl", `--out=${folder}/page.html`]);
const address = `file://${folder}/page.html`;
/** Two modes, few steps: seconds on the software driver, and near enough to the flow for its claim. */
const SMALL = "#spectrum=2%2C1&scale=0.2&lr=0.02&steps=120&replicas=6";
const browser: Browser = await launch({ webgpu: true, flags: ["--js-flags=--expose-gc"] });
Deno.test.afterAll(async () => {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
});

const phase = (page: Page) => page.evaluate(() => document.body.dataset.phase);
const step = (page: Page) => page.evaluate(() => Number(document.body.dataset.step));
const words = (page: Page, of: string) => page.locator(of).innerText();

/** Waits until something holds of the page; a page that has failed says why. */
async function until(page: Page, what: string, holds: () => Promise<boolean>, seconds = 90): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  while (!await holds()) {
    if (performance.now() > end) {
      const now = `${await words(page, "#status")} ${await words(page, "#problem")}`;
      throw new Error(`expected ${what} within ${seconds} s, found: ${now}`);
    }
    await page.waitForTimeout(50);
  }
}

const theoryDrawn = (page: Page) =>
  until(page, "theory", async () => await page.locator("figure[data-drawn]").count() === 3);

Deno.test("the page draws theory, trains by keyboard, judges its claims, and gives log and command away", async () => {
  const { page, trouble } = await open(browser, address + SMALL);
  await theoryDrawn(page);
  assertEquals(
    [await phase(page), await step(page)],
    ["running", 0],
    "it waits for its visitor, who wants little motion",
  );
  assertMatch(await words(page, "#status"), /paused/);
  assertMatch(await words(page, "#adapter"), /swiftshader/i);

  await page.locator("#step").focus();
  await page.keyboard.press("Enter");
  await until(page, "one step", async () => await step(page) === 1);
  await page.waitForTimeout(300);
  assertEquals(await step(page), 1);

  await page.locator("#start").focus();
  await page.keyboard.press("Enter");
  await until(page, "its end", async () => await phase(page) === "complete");
  const verdict = await page.locator("tr", { hasText: "C-exact-modes" }).locator(".verdict").innerText();
  assertEquals(verdict, "reproduced");
  assertEquals(
    await words(page, "#command"),
    "./lab run linear_icl --preset=page --spectrum=2,1 --lr=0.02 --scale=0.2 --steps=120 --replicas=6",
  );
  const [log] = await Promise.all([page.waitForEvent("download"), page.locator("#log").click()]);
  const rows = Deno.readTextFileSync(await log.path()).trim().split("\n").map((line) => JSON.parse(line));
  const last = rows.filter(({ kind, quantity, step }) => kind === "measure" && quantity === "loss" && step === 120);
  assertEquals(last.map(({ replica }) => replica), [0, 1, 2, 3, 4, 5]);
  assertEquals(
    rows.filter(({ kind }) => kind === "claim").length,
    rows.filter(({ kind }) => kind === "criterion").length,
  );
  const [svg] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /Save SVG of linear_icl-loss/ }).click(),
  ]);
  assertMatch(Deno.readTextFileSync(await svg.path()), /^<svg /);
  assertEquals(trouble, []);
  await page.close();
});

Deno.test("an option changes address and theory and begins anew; one outside its domain is refused in words", async () => {
  const { page, trouble } = await open(browser, address + SMALL);
  await theoryDrawn(page);
  const before = await page.locator("[data-figure=modes_log]").getAttribute("data-drawn");
  await page.locator("#option-context").fill("16");
  await page.keyboard.press("Tab");
  await until(page, "new theory", async () => {
    return await page.locator("[data-figure=modes_log]").getAttribute("data-drawn") !== before;
  });
  assertMatch(page.url(), /context=16/);
  assertMatch(await page.locator("[data-figure=modes_log] .subtitle").innerText(), /N = 16/);
  await page.locator("#option-lr").fill("-1");
  await page.keyboard.press("Tab");
  await until(page, "a refusal", async () => await phase(page) === "failed");
  assertMatch(await words(page, "#problem"), /expected --lr to be a number .* found "-1"/);
  assertEquals(await page.locator("#option-lr").getAttribute("aria-invalid"), "true");
  assertEquals(trouble, []);
  await page.close();
});

for (const [dark, width] of [[false, 1280], [true, 390]] as const) {
  Deno.test(`the page is accessible and fits (${dark ? "dark" : "light"}, ${width} px)`, async () => {
    const { page, trouble } = await open(browser, address + SMALL, { dark, width });
    await theoryDrawn(page);
    assertEquals(await accessibility(page), []);
    assert(await fits(page), "wider than the window");
    assertEquals(trouble, []);
    await page.close();
  });
}

Deno.test("ten restarts hold no more GPU memory than one, and a page in the background waits", async () => {
  const { page, trouble } = await open(browser, address + SMALL);
  await theoryDrawn(page);
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const scope = globalThis as unknown as { held: number; device: GPUDevice };
    scope.held = 0;
    const make = GPUDevice.prototype.createBuffer;
    GPUDevice.prototype.createBuffer = function (descriptor) {
      const buffer = make.call(this, descriptor);
      scope.device = this;
      scope.held += descriptor.size;
      const destroy = buffer.destroy.bind(buffer);
      let alive = true;
      buffer.destroy = () => {
        if (alive) scope.held -= descriptor.size;
        alive = false;
        return destroy();
      };
      return buffer;
    };
  });
  const held: number[] = [];
  for (let restart = 0; restart < 11; restart++) {
    await page.locator("#reset").click();
    await until(
      page,
      "a reset",
      async () => await phase(page) === "running" && /paused/.test(await words(page, "#status")),
    );
    await page.locator("#step").click();
    await until(page, "a step", async () => await step(page) === 1);
    held.push(await worker.evaluate(() => (globalThis as unknown as { held: number }).held));
  }
  assertLess(0, held[0]);
  assertEquals(held, held.map(() => held[0]));

  const visible = (state: string) =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.locator("#start").click();
  await visible("hidden");
  await until(page, "a wait", async () => /background/.test(await words(page, "#status")));
  await page.waitForTimeout(300);
  const at = await step(page);
  await page.waitForTimeout(500);
  assertEquals(await step(page), at);
  await visible("visible");
  await until(page, "more steps", async () => await step(page) > at || await phase(page) === "complete");
  assertEquals(trouble, []);
  await page.close();
});

Deno.test("a lost GPU is said, and the next start opens another", async () => {
  await using own = await launch({ webgpu: true });
  const { page, trouble } = await open(own, address + SMALL);
  await theoryDrawn(page);
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const make = GPUDevice.prototype.createBuffer;
    GPUDevice.prototype.createBuffer = function (descriptor) {
      (globalThis as unknown as { device: GPUDevice }).device = this;
      return make.call(this, descriptor);
    };
  });
  await page.locator("#reset").click();
  await until(page, "a reset", async () => /main: 0 .*paused/.test(await words(page, "#status")));
  await worker.evaluate(() => (globalThis as unknown as { device: GPUDevice }).device.destroy());
  await page.locator("#start").click();
  await until(page, "a lost GPU", async () => await phase(page) === "failed");
  assertMatch(await words(page, "#problem"), /The GPU was lost/);
  await page.locator("#start").click();
  await until(page, "a new beginning", async () => await step(page) > 0 || await phase(page) === "complete");
  assertEquals(trouble, []);
});

Deno.test("without WebGPU the page says which browsers have it and plays the kept run", async () => {
  await using plain = await launch();
  const { page, trouble } = await open(plain, address);
  await until(page, "the kept run", async () => await phase(page) === "kept");
  assertMatch(await words(page, "#problem"), /no WebGPU.*Chrome.*Safari.*Firefox.*kept run/);
  await theoryDrawn(page);
  assertEquals(await page.locator("tr .verdict", { hasText: /reproduced|inconclusive/ }).count() > 10, true);
  await page.locator("#start").click();
  await until(page, "frames", async () => await step(page) > 2);
  assertEquals(await accessibility(page), []);
  assertEquals(trouble, []);
});
