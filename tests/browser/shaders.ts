/**
 * A second compiler: every shader that the kernel tests make compiles in Chromium, whose WGSL is not Deno's.
 *
 * `./lab test` runs this last, on what its kernel tests have left (tests/gpu/record_shaders.ts); by hand:
 *
 * ```sh
 * export ICL_LAB_SHADERS=$(mktemp -d)
 * deno test -A --preload=tests/gpu/record_shaders.ts tests/kernels
 * ./lab test tests/browser/shaders.ts
 * ```
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import { launch } from "./browser.ts";

/** A shader and where it comes from. */
interface Shader {
  readonly name: string;
  readonly code: string;
}

/** Shaders that are compiled before the page answers. */
const AT_ONCE = 40;

const folder = Deno.env.get("ICL_LAB_SHADERS");
if (folder === undefined) {
  throw new Error("expected ICL_LAB_SHADERS to name a folder of shaders, found it unset: ./lab test sets it");
}
const shaders: Shader[] = [...Deno.readDirSync(folder)].map(({ name }) => name).sort().map((name) => {
  return { name, code: Deno.readTextFileSync(`${folder}/${name}`) };
});

Deno.test("every shader of the kernel tests compiles in Chromium", async () => {
  assertLess(500, shaders.length, "kernel tests have left their shaders");
  const start = performance.now();
  const halves = [0, 1].map((half) => shaders.filter((_, index) => index % 2 === half));
  const refused = (await Promise.all(halves.map(refusedOf))).flat();
  console.log(`${shaders.length} shaders in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  assertEquals(refused, []);
});

/** Compiles shaders in a browser of their own, and returns what it says of those that it refuses. */
async function refusedOf(shaders: readonly Shader[]): Promise<string[]> {
  await using browser = await launch({ webgpu: true });
  const page = await browser.newPage();
  await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto("http://localhost/");
  const refused: string[] = [];
  for (let at = 0; at < shaders.length; at += AT_ONCE) {
    refused.push(
      ...await page.evaluate(async (shaders) => {
        const scope = globalThis as { device?: Promise<GPUDevice> };
        scope.device ??= (async () => {
          const adapter = (await navigator.gpu.requestAdapter())!;
          return await adapter.requestDevice({ requiredFeatures: ["subgroups" as GPUFeatureName] });
        })();
        const device = await scope.device;
        // As lib/gpu does it in a page: browsers demand what Deno takes for an error.
        const modules = shaders.map(({ code }) => device.createShaderModule({ code: `enable subgroups;${code}` }));
        const found = await Promise.all(modules.map((module) => module.getCompilationInfo()));
        return found.flatMap(({ messages }, index) =>
          messages.filter(({ type }) => type === "error").slice(0, 1)
            .map(({ lineNum, message }) => `${shaders[index].name}:${lineNum}: ${message}`)
        );
      }, shaders.slice(at, at + AT_ONCE)),
    );
  }
  return refused;
}
