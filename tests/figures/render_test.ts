import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { renderSvg } from "../../lib/figures/render.ts";
import { FigureError, type Spec } from "../../lib/figures/spec.ts";
import { textWidth } from "../../lib/figures/text_width.ts";
import { curves } from "../../lib/figures/curves.ts";
import { picture } from "./demonstration.ts";

Deno.test("render: the same figure has the same bytes, whatever is drawn before or beside it", async () => {
  const spec = curves(picture)!;
  const panels = curves({ ...picture, panels: 2 })!;
  const [first, , beside] = await Promise.all([renderSvg(spec), renderSvg(panels), renderSvg(spec)]);
  assertEquals(beside, first);
  assertEquals(await renderSvg(spec), first);
  assert(first.includes("clip-path"), "the figure has clip paths, whose numbers could differ");
});

Deno.test("render: title and description are accessible text, escaped", async () => {
  const svg = await renderSvg(curves(picture)!);
  assert(svg.startsWith('<svg role="img" '));
  assertStringIncludes(svg, "<title>Modes &amp; their order</title>");
  assertStringIncludes(svg, "<desc>Two logistic curves, the first rising earlier &lt;than&gt; the second.</desc>");
});

Deno.test("render: nothing in the SVG depends on the machine", async () => {
  const svg = await renderSvg(curves(picture)!);
  for (const trace of ["file:", Deno.cwd(), "node_modules", "/npm/"]) assert(!svg.includes(trace), trace);
});

Deno.test("render: long texts are held to the width that they were laid out with, line by line", async () => {
  const title = { text: "A title & what it says", subtitle: ["its first line, a long one", "short"] };
  const svg = await renderSvg({ ...curves(picture)!, title });
  const width = Math.round(textWidth("A title & what it says", 15, true));
  assertStringIncludes(svg, `textLength="${width}" lengthAdjust="spacingAndGlyphs">A title &amp; what it says</text>`);
  const line = Math.round(textWidth("its first line, a long one", 11.5, false));
  assertStringIncludes(
    svg,
    `<tspan textLength="${line}" lengthAdjust="spacingAndGlyphs">its first line, a long one</tspan>`,
  );
  assertStringIncludes(svg, ">short</tspan>");
  assert(!/textLength[^>]*>short</.test(svg));
});

Deno.test("render: a warning of Vega-Lite is an error, and the next figure is drawn all the same", async () => {
  const data = { values: [{ a: 1, b: 2 }] };
  const unsorted: Spec = {
    data,
    mark: "point",
    encoding: { x: { field: "a", type: "quantitative" }, size: { field: "b", type: "nominal" } },
  };
  await assertRejects(
    () => renderSvg(unsorted),
    FigureError,
    "expected a figure without warnings, found: Channel size should not be used with an unsorted discrete field.",
  );
  assertStringIncludes(await renderSvg({ data, mark: "point" }), "</svg>");
});

Deno.test("render: a warning of Vega while it draws is an error", async () => {
  await assertRejects(
    () =>
      renderSvg({
        data: { values: [{ a: -1 }, { a: 10 }] },
        mark: "point",
        encoding: { x: { field: "a", type: "quantitative", scale: { type: "log" } } },
      }),
    FigureError,
    "expected a figure without warnings, found: Log scale domain includes zero: [-1,10]",
  );
});

Deno.test({
  name: "render: drawing an SVG needs no permission",
  permissions: "none",
  fn: async () => assert((await renderSvg(curves(picture)!)).endsWith("</svg>")),
});
