import { assert, assertAlmostEquals, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { Resvg } from "@resvg/resvg-wasm";
import { renderPng } from "../../lib/figures/png.ts";
import { FigureError } from "../../lib/figures/spec.ts";
import { textWidth } from "../../lib/figures/text_width.ts";
import { decodePng, ink } from "./png_pixels.ts";

function line(text: string, weight = 400): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="40">` +
    `<text x="10" y="28" font-family="Inter, sans-serif" font-size="20" font-weight="${weight}">${text}</text></svg>`;
}

Deno.test("png: scale multiplies the size of the SVG", async () => {
  const { width, height } = await decodePng(await renderPng(line("loss"), { scale: 1.5 }));
  assertEquals([width, height], [900, 60]);
});

Deno.test("png: text is drawn with the embedded font, which the rasteriser alone does not have", async () => {
  const drawn = ink(await decodePng(await renderPng(line("loss (nats)"), { scale: 1 })));
  assertGreater(drawn.count, 200);
  const bare = new Resvg(line("loss (nats)"), { background: "white" });
  const image = bare.render();
  const blank = ink(await decodePng(image.asPng()));
  image.free();
  bare.free();
  assertEquals(blank.count, 0);
});

Deno.test("png: a heavier weight is a heavier face, and an unknown family falls back to the same face", async () => {
  const regular = ink(await decodePng(await renderPng(line("simulation"), { scale: 1 })));
  const bold = ink(await decodePng(await renderPng(line("simulation", 600), { scale: 1 })));
  const other = ink(await decodePng(await renderPng(line("simulation").replace("Inter, ", ""), { scale: 1 })));
  assertGreater(bold.count, regular.count * 1.15);
  assertEquals(other, regular);
});

Deno.test("png: Greek letters, superscripts and signs of the figures have glyphs of their own", async () => {
  const missing = await renderPng(line("\u{10FFFD}"), { scale: 1 });
  for (const sign of "αβγδηθλμσταΣΔ∞√≤≥≈±×·−–⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂‖ŷ½→∂") {
    const png = await renderPng(line(sign), { scale: 1 });
    assertGreater(ink(await decodePng(png)).count, 0, sign);
    assert(String(png) !== String(missing), `${sign} is drawn as a missing glyph`);
  }
});

Deno.test("png: estimated text widths agree with the drawn ones", async () => {
  const samples = ["Each mode is a logistic curve, learned in order", "a(t) = p(t) q(t) ‖p‖² η 10⁻⁴", "0.05", "1,000"];
  for (const weight of [400, 600]) {
    for (const text of samples) {
      const { first, last } = ink(await decodePng(await renderPng(line(text, weight), { scale: 1 })));
      const estimate = textWidth(text, 20, weight === 600);
      assertAlmostEquals(last - first + 1, estimate, 4 + 0.04 * estimate, text);
    }
  }
});

Deno.test("png: a scale out of range and a broken document are refused", async () => {
  await assertRejects(() => renderPng(line("a"), { scale: 0 }), FigureError, "expected scale in (0, 8], found 0");
  await assertRejects(() => renderPng("<svg"), FigureError, "expected a well-formed SVG document, found: ");
});
