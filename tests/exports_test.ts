import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import * as lab from "../mod.ts";
import { filesBelow } from "./files.ts";

const kernels = new URL("../kernels/", import.meta.url);

Deno.test("mod.ts exports operations, and of the kernels only those that a training loop of one's own launches", () => {
  const launches = filesBelow(fromFileUrl(kernels)).filter((path) => path.endsWith(".ts")).flatMap((path) =>
    [...Deno.readTextFileSync(path).matchAll(/^export const (\w+): KernelOf\b/gm)].map(([, found]) => found)
  );
  assert(launches.length > 30, `found ${launches.length} kernels`);
  assertEquals(launches.filter((name) => name in lab).sort(), ["advance", "append"]);
});
