import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { FigureError } from "../../lib/figures/spec.ts";
import { curves } from "../../lib/figures/curves.ts";
import { validate } from "../../lib/figures/validate.ts";
import { type FileWriter, writeFigure } from "../../lib/figures/write.ts";
import { lines, picture } from "./demonstration.ts";

/** A writer that keeps files in memory. */
function folder(): { files: Map<string, string | Uint8Array>; write: FileWriter } {
  const files = new Map<string, string | Uint8Array>();
  return {
    files,
    write: (path, content) => {
      files.set(path, content);
      return Promise.resolve();
    },
  };
}

Deno.test("write: specification, SVG and PNG; the specification stands on its own", async () => {
  const { files, write } = folder();
  await writeFigure(write, "modes", curves(picture)!, { png: true });
  assertEquals([...files.keys()], ["figures/modes.vl.json", "figures/modes.svg", "figures/modes.png"]);
  const spec = JSON.parse(String(files.get("figures/modes.vl.json")));
  assertEquals(spec.$schema, "https://vega.github.io/schema/vega-lite/v6.json");
  await validate(spec);
  assert(String(files.get("figures/modes.svg")).endsWith("</svg>"));
  assert(files.get("figures/modes.png") instanceof Uint8Array);
});

Deno.test("write: data is rounded, sizes and steps are not", async () => {
  const exact = lines["s = 4"].map(({ x, y }) => ({
    x: x.map((step) => step + 12_345_678),
    y: y.map((a) => a * Math.PI),
  }));
  const spec = curves({ ...picture, width: 123.456789, lines: { "s = 4": exact } })!;
  const texts = await Promise.all([3, 17].map(async (digits) => {
    const { files, write } = folder();
    await writeFigure(write, "modes", spec, { digits });
    return String(files.get("figures/modes.vl.json"));
  }));
  const rounded = JSON.parse(texts[0]);
  assertEquals(rounded.width, 123.456789);
  assertEquals(rounded.datasets.simulation[0].x, 12_345_678);
  assertEquals(rounded.datasets.simulation[0].low, Number(exact[0].y[0].toPrecision(3)));
  assertLess(texts[0].length, 0.9 * texts[1].length);
});

Deno.test("write: nothing is written of a figure that is not valid", async () => {
  const { files, write } = folder();
  const valid = curves(picture)!;
  const broken = {
    ...valid,
    datasets: {
      ...valid.datasets,
      simulation: [{ x: 1, group: "s = 4", low: 0, mean: Infinity, high: 1, series: "simulation" }],
    },
  };
  await assertRejects(
    () => writeFigure(write, "modes", broken),
    FigureError,
    'figure modes: expected finite numbers in field "mean" for channel y of view top.layer[1], found Infinity in row 0',
  );
  await assertRejects(
    () => writeFigure(write, "../modes", valid),
    FigureError,
    'expected name of lower-case letters, digits, _ and -, found "../modes"',
  );
  const { description: _, ...silent } = valid;
  await assertRejects(
    () => writeFigure(write, "modes", silent as typeof silent & { mark: "point" }),
    FigureError,
    "expected a description in figure modes, found none",
  );
  assertEquals(files.size, 0);
});

Deno.test("write: an error of the writer reaches the caller as it is", async () => {
  const full = new Deno.errors.PermissionDenied("disk");
  await assertRejects(
    () => writeFigure(() => Promise.reject(full), "modes", curves(picture)!),
    Deno.errors.PermissionDenied,
    "disk",
  );
});
