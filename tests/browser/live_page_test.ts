/** An experiment in a web page, in Chromium with its software driver: it trains, is drawn, is judged, and leaves nothing behind. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { Results } from "../tools/serve/runs.ts";
import { accessibility, deno, fits, launch, open, Server } from "./browser.ts";

const folder = Deno.makeTempDirSync();
/** Writes the page of an experiment; all at once, since each waits for a bundler. */
const written = async (name: string) => {
  await deno(["run", "-A", "--no-check", "lib/tools/page/main.ts", name, `--out=${folder}/${name}.html`]);
  return `file://${folder}/${name}.html`;
};
const [[address, separate, grokking], browser] = await Promise.all([
  Promise.all(["linear_icl", "separate_keys_queries", "grokking"].map(written)),
  launch({ webgpu: true }),
]);
Deno.test.afterAll(async () => {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
});

/** Two modes, few steps: seconds on the software driver, and near enough to the flow for its claim. */
const SMALL = "#spectrum=2%2C1&scale=0.2&lr=0.02&steps=120&replicas=6";
const COMMAND = "./lab run linear_icl --preset=page --spectrum=2,1 --lr=0.02 --scale=0.2 --steps=120 --replicas=6";

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

/** Measures in the page how long it takes from a press of Start to a figure that has moved; to be awaited once it has. */
async function firstCurve(page: Page, figure: string): Promise<() => Promise<number>> {
  await page.evaluate((figure) => {
    const scope = globalThis as { moved?: Promise<number> };
    scope.moved = new Promise((resolve) => {
      document.querySelector("#start")!.addEventListener("click", () => {
        const start = performance.now();
        const card = document.querySelector(`[data-figure=${figure}]`)!;
        const seen = () => Number(document.body.dataset.step) > 1 && resolve(performance.now() - start);
        new MutationObserver(seen).observe(card, { attributeFilter: ["data-drawn"] });
      }, { once: true });
    });
  }, figure);
  return () => page.evaluate(() => (globalThis as { moved?: Promise<number> }).moved!);
}

/** Bytes of JavaScript that are alive in a page and its worker once garbage is gone. */
async function heapOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  const waiting = new Map<number, (result: { usedSize: number }) => void>();
  let worker = "";
  session.on("Target.attachedToTarget", ({ sessionId }) => void (worker = sessionId));
  session.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.(result);
  });
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const ofWorker = (method: string) => {
    const id = waiting.size + 1;
    const message = JSON.stringify({ id, method });
    const answer = new Promise<{ usedSize: number }>((resolve) => waiting.set(id, resolve));
    return session.send("Target.sendMessageToTarget", { sessionId: worker, message }).then(() => answer);
  };
  return async () => {
    await session.send("HeapProfiler.collectGarbage");
    await ofWorker("HeapProfiler.collectGarbage");
    const own = await session.send("Runtime.getHeapUsage");
    const theirs = await ofWorker("Runtime.getHeapUsage");
    return own.usedSize + theirs.usedSize;
  };
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

  const moved = await firstCurve(page, "modes_log");
  await page.locator("#start").focus();
  await page.keyboard.press("Enter");
  await until(page, "its end", async () => await phase(page) === "complete");
  const verdict = await page.locator("tr", { hasText: "C-exact-modes" }).locator(".verdict").innerText();
  assertEquals(verdict, "reproduced");
  assertEquals(
    await words(page, "#command"),
    COMMAND,
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
  assertEquals(await accessibility(page), []);
  assert(await fits(page), "wider than the window");
  assertEquals(trouble, []);
  const elapsedMs = await moved();
  console.log(`first moving curve after ${(elapsedMs / 1000).toFixed(1)} s`);
  assertLess(elapsedMs, 5000, "first moving curve");
  await page.close();
});

Deno.test("an option changes address and theory and begins anew; one outside its domain is refused in words", async () => {
  const { page, trouble } = await open(browser, address + SMALL, { dark: true, width: 390 });
  await theoryDrawn(page);
  assertEquals(await accessibility(page), []);
  assert(await fits(page), "wider than the window");
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
  await page.getByRole("button", { name: "Four equal modes" }).click();
  await until(page, "another setting", async () => await phase(page) === "running");
  assertEquals(new URL(page.url()).hash, "#spectrum=2%2C2%2C2%2C2");
  assertEquals(await page.locator(".try [aria-pressed=true]").allInnerTexts(), ["Four equal modes"]);
  assertEquals(trouble, []);
  await page.close();
});

Deno.test("ten restarts hold no more memory than one, a page in the background waits, a lost GPU is said and replaced", async () => {
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
  const alive = await heapOf(page);
  const [held, heap]: number[][] = [[], []];
  for (let restart = 0; restart < 11; restart++) {
    await page.locator("#reset").click();
    await until(page, "a reset", async () => /main: 0 .*paused/.test(await words(page, "#status")));
    await page.locator("#step").click();
    await until(page, "a step", async () => /main: 1 .*paused/.test(await words(page, "#status")));
    held.push(await worker.evaluate(() => (globalThis as unknown as { held: number }).held));
    // The first restarts fill caches; code goes on being compiled, half a megabyte in ten restarts, while objects do not grow.
    if (restart === 2 || restart === 10) heap.push(await alive());
  }
  assertLess(0, held[0]);
  assertEquals(held, held.map(() => held[0]));
  const growth = (heap[1] - heap[0]) / 2 ** 20;
  console.log(`${growth.toFixed(2)} MiB of JavaScript more after eight restarts`);
  assertLess(growth, 2, "MiB more after eight restarts");

  const visible = (state: string) =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.locator("#start").click();
  await visible("hidden");
  await until(page, "a wait", async () => /background/.test(await words(page, "#status")));
  // Steps that are queued still come.
  let at = -1;
  await until(page, "rest", async () => {
    const before = at;
    await page.waitForTimeout(500);
    return before === (at = await step(page));
  });
  await page.waitForTimeout(500);
  assertEquals(await step(page), at);
  await visible("visible");
  await until(page, "more steps", async () => await step(page) > at || await phase(page) === "complete");

  await page.locator("#reset").click();
  await until(page, "a reset", async () => /main: 0 .*paused/.test(await words(page, "#status")));
  await worker.evaluate(() => (globalThis as unknown as { device: GPUDevice }).device.destroy());
  await page.locator("#start").click();
  await until(page, "a lost GPU", async () => await phase(page) === "failed");
  assertMatch(await words(page, "#problem"), /The GPU was lost/);
  await page.locator("#start").click();
  await until(page, "a new beginning", async () => await step(page) > 0 || await phase(page) === "complete");
  assertEquals(trouble, []);
  await page.close();
});

Deno.test("without WebGPU the page says which browsers have it and plays the kept run", async () => {
  const { page, trouble } = await open(browser, address, { script: "delete Navigator.prototype.gpu" });
  await until(page, "the kept run", async () => await phase(page) === "kept");
  assertMatch(await words(page, "#problem"), /no WebGPU.*Chrome.*Safari.*Firefox.*kept run/);
  await theoryDrawn(page);
  assertEquals(await page.locator("tr .verdict", { hasText: /reproduced|inconclusive/ }).count() > 10, true);
  await page.locator("#start").click();
  await until(page, "frames", async () => await step(page) > 2);
  assertEquals(await accessibility(page), []);
  assertEquals(trouble, []);
});

Deno.test("separate_keys_queries trains in a page, its figures move", async () => {
  const options = "#spectrum=0.4%2C0.2&context=7&heads=3&batch=16&deviation=0.4&steps=60&replicas=2";
  const { page, trouble } = await open(browser, separate + options);
  await page.locator("#start").click();
  await until(page, "figures that move", async () => {
    const drawn = await page.locator("figure[data-drawn]").evaluateAll((cards) =>
      cards.map((card) => Number((card as HTMLElement).dataset.drawn))
    );
    return drawn.length === 4 && drawn.filter((count) => count > 1).length >= 3;
  });
  assertEquals(trouble, []);
  await page.close();
});

Deno.test("grokking trains in a page to its end, and is judged", async () => {
  const { page, trouble } = await open(browser, `${grokking}#modulus=7&width=8&steps=10&fraction=0.6`);
  await page.locator("#start").click();
  await until(page, "its end", async () => await phase(page) === "complete");
  assertEquals(await page.locator("figure[data-drawn]").count(), 3);
  assertMatch(await words(page, "#claims"), /inconclusive|reproduced/);
  assertEquals(trouble, []);
  await page.close();
});

Deno.test("a run leads to a live page with its options, which trains there", async () => {
  using results = new Results();
  const configuration = { spectrum: [2, 1], scale: 0.2, lr: 0.02, steps: 120, replicas: 6, studies: "all" };
  results.run("linear_icl/a", { experiment: "linear_icl", configuration, seeds: [3, 4, 5, 6, 7, 8] });
  await using server = await Server.start(results.path);
  const { page, trouble } = await open(browser, `${server.base}/run?id=linear_icl/a`);
  await page.getByRole("link", { name: "Try it live" }).click();
  await page.locator("#start").click();
  await until(page, "training", async () => /main: [1-9]/.test(await words(page, "#status")));
  assertEquals(await words(page, "#command"), `${COMMAND} --seed=3`);
  assertEquals(trouble, []);
  await page.close();
});
