/** SVG → PNG with the figures' own type face: system fonts play no part, so text never vanishes and never differs. */

// Files of a package resolve to a path only where the package is part of the program.
import "inter-ui/package.json" with { type: "json" };
import { FigureError, type Spec } from "./spec.ts";
import { renderSvg } from "./render.ts";

/** How a picture is rasterised. */
export interface PngOptions {
  /** Pixels per SVG unit, in (0, 8]; default 2. */
  scale?: number;
}

let ready: Promise<Uint8Array[]> | undefined;

/**
 * Rasterise a figure.
 *
 * Needs permission to read files: the rasteriser's WebAssembly and the fonts lie in the package cache.
 *
 * @param figure A specification, or an SVG document as {@link renderSvg} gives it.
 * @param options Resolution.
 * @returns The bytes of a PNG file.
 * @throws {FigureError} If the scale is out of range, the SVG is malformed, or Vega warns.
 *
 * @example
 * ```ts
 * import { renderPng } from "./png.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><text y="15">loss</text></svg>';
 * const png = await renderPng(svg, { scale: 1 });
 * assertEquals([...png.slice(1, 4)], [0x50, 0x4e, 0x47]);
 * ```
 */
export async function renderPng(figure: Spec | string, options: PngOptions = {}): Promise<Uint8Array> {
  const { scale = 2 } = options;
  if (!(scale > 0 && scale <= 8)) throw new FigureError(`expected scale in (0, 8], found ${scale}`);
  const svg = typeof figure === "string" ? figure : await renderSvg(figure);
  const { Resvg } = await import("@resvg/resvg-wasm");
  ready ??= prepare();
  const fontBuffers = await ready;
  const renderer = parse();
  try {
    const image = renderer.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    renderer.free();
  }

  function parse() {
    try {
      return new Resvg(svg, {
        font: { fontBuffers, defaultFontFamily: "Inter", sansSerifFamily: "Inter" },
        fitTo: { mode: "zoom", value: scale },
        background: "white",
      });
    } catch (cause) {
      throw new FigureError(`expected a well-formed SVG document, found: ${cause}`, { cause });
    }
  }
}

/** Starts the rasteriser, which may happen once per process, and reads the two weights that figures use. */
async function prepare(): Promise<Uint8Array[]> {
  const { initWasm } = await import("@resvg/resvg-wasm");
  await initWasm(await Deno.readFile(new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))));
  const files = [
    import.meta.resolve("inter-ui/web/Inter-Regular.woff2"),
    import.meta.resolve("inter-ui/web/Inter-SemiBold.woff2"),
  ];
  return Promise.all(files.map((file) => Deno.readFile(new URL(file))));
}
