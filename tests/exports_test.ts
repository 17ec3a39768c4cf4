import { assert, assertEquals } from "@std/assert";
import * as lab from "../mod.ts";

const kernels = new URL("../kernels/", import.meta.url);

Deno.test("mod.ts exports operations, and of the kernels only those that a training loop of one's own launches", () => {
  const launches = [...Deno.readDirSync(kernels)].filter(({ name }) => name.endsWith(".ts")).flatMap(({ name }) =>
    [...Deno.readTextFileSync(new URL(name, kernels)).matchAll(/^export const (\w+): KernelOf\b/gm)].map(([, found]) =>
      found
    )
  );
  assert(launches.length > 30, `found ${launches.length} kernels`);
  assertEquals(launches.filter((name) => name in lab).sort(), ["advance", "append"]);
});
