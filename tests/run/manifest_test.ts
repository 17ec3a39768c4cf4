import { assertEquals } from "@std/assert";
import { commandLine, versions } from "../../lib/run/manifest.ts";

Deno.test("the command line can be pasted back into a shell", () => {
  assertEquals(
    commandLine("experiments/a.ts", ["--lr=0.1", "--out=my run", "--note=it's", "--list=4,2"]),
    `experiments/a.ts --lr=0.1 '--out=my run' '--note=it'\\''s' --list=4,2`,
  );
});

Deno.test("versions name the runtime, the library and what draws", () => {
  const found = versions();
  assertEquals(
    Object.keys(found).toSorted(),
    ["@resvg/resvg-wasm", "deno", "icl-lab", "typescript", "v8", "vega", "vega-lite"],
  );
  for (const version of Object.values(found)) assertEquals(/^\d+\.\d+/.test(version), true, version);
});
