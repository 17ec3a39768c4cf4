/** Specification → SVG, without a browser, a canvas or any permission. */

import { FigureError, type Spec } from "./spec.ts";
import { textWidth } from "./text_width.ts";

/** The part of a scenegraph text item that its width depends on. */
interface TextItem {
  fontSize?: number;
  fontWeight?: string | number;
}

/** Vega's measuring hook: replaceable at run time, but left out of its declarations. */
interface TextMetrics {
  width: (item: TextItem, text: unknown) => number;
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Draw a Vega-Lite specification as SVG. The same specification gives the same bytes on every machine.
 *
 * Vega is loaded on the first call, so that a program that may draw later starts fast. Title and description become the
 * SVG's `<title>` and `<desc>`, which screen readers announce.
 *
 * @param spec A specification with inline data.
 * @returns A standalone SVG document.
 * @throws {FigureError} If Vega-Lite or Vega warns about anything: a warning means that the picture is not what was asked.
 *
 * @example
 * ```ts
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const svg = await renderSvg({
 *   data: { values: [{ step: 1, loss: 2 }, { step: 2, loss: 1 }] },
 *   mark: "line",
 *   encoding: {
 *     x: { field: "step", type: "quantitative" },
 *     y: { field: "loss", type: "quantitative", title: "loss" },
 *   },
 * });
 * assertStringIncludes(svg, ">loss</text>");
 * ```
 */
export function renderSvg(spec: Spec): Promise<string> {
  // Vega numbers clip paths per process: figures drawn at the same time would take each other's numbers.
  const drawn = turn.then(() => draw(spec));
  turn = drawn.catch(() => undefined);
  return drawn;
}

async function draw(spec: Spec): Promise<string> {
  const vega = await import("vega");
  const { compile } = await import("vega-lite");
  const complaints: string[] = [];
  const logger = collector(vega.logger(vega.Warn), complaints);
  const compiled = compile(spec, { logger }).spec;
  refuse(complaints);

  const metrics = (vega as unknown as { textMetrics: TextMetrics }).textMetrics;
  metrics.width = (item, text) => {
    const weight = item.fontWeight ?? 400;
    return textWidth(String(text ?? "").trim(), item.fontSize ?? 11, weight === "bold" || Number(weight) >= 600);
  };
  vega.resetSVGDefIds();
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logger });
  try {
    const svg = await view.toSVG();
    refuse(complaints);
    return withAccessibleText(withWidths(withDotsJoined(svg)), spec);
  } finally {
    view.finalize();
  }
}

/** Turns a logger into one that remembers warnings and errors instead of printing them. */
function collector<L extends { warn: (...args: readonly unknown[]) => L; error: (...args: readonly unknown[]) => L }>(
  logger: L,
  complaints: string[],
): L {
  const collect = (...args: readonly unknown[]) => {
    complaints.push(args.map(String).join(" "));
    return logger;
  };
  logger.warn = collect;
  logger.error = collect;
  return logger;
}

function refuse(complaints: readonly string[]): void {
  if (complaints.length > 0) {
    throw new FigureError(`expected a figure without warnings, found: ${[...new Set(complaints)].join("; ")}`);
  }
}

function withAccessibleText(svg: string, spec: Spec): string {
  const title = titleText(spec);
  const parts = [
    title === "" ? "" : `<title>${escapeXml(title)}</title>`,
    spec.description === undefined ? "" : `<desc>${escapeXml(spec.description)}</desc>`,
  ].join("");
  return svg.replace(/^<svg ([^>]*)>/, (_, attributes: string) => `<svg role="img" ${attributes}>${parts}`);
}

const DOT = String
  .raw`<path transform="translate\(([-\d.e]+),([-\d.e]+)\)" d="M([\d.]+),0A[^"]*" fill="([^"]+)" stroke-width="2" opacity="([\d.]+)"/>`;
const RUN = new RegExp(`(?:${DOT}){2,}`, "g");

/**
 * Joins circles that follow one another, have no words of their own and look alike, into one path of round ends: a twelfth of the
 * text. Where many dots overlap, their opacities no longer add up.
 */
function withDotsJoined(svg: string): string {
  return svg.replaceAll(RUN, (run) => {
    const dots = [...run.matchAll(new RegExp(DOT, "g"))];
    const [[, , , radius, fill, opacity]] = dots;
    if (dots.some((dot) => dot[3] !== radius || dot[4] !== fill || dot[5] !== opacity)) return run;
    const place = (text: string) => String(Math.round(Number(text) * 10) / 10);
    const d = dots.map(([, x, y]) => `M${place(x)},${place(y)}h0`).join("");
    const width = Number((2 * Number(radius)).toPrecision(4));
    return `<path d="${d}" fill="none" stroke="${fill}" stroke-width="${width}" stroke-linecap="round" opacity="${opacity}"/>`;
  });
}

/** Pixels from which on a text is held to its width. */
const HELD_FROM = 48;

const TEXT = /<text( [^>]*font-size="([\d.]+)px"(?: font-weight="(\w+)")?[^>]*)>(.*?)<\/text>/g;
const LINE = /<tspan([^>]*)>([^<]*)<\/tspan>/g;

/**
 * Holds texts to the width that the layout gave them. Where a viewer has no Inter it takes a face of its own, of which some
 * are a seventh wider: legends and subtitles would run out of the picture.
 */
function withWidths(svg: string): string {
  return svg.replace(TEXT, (whole, attributes: string, size: string, weight: string | undefined, content: string) => {
    const held = (line: string): string => {
      const width = textWidth(unescapeXml(line).trim(), Number(size), weight === "bold" || Number(weight) >= 600);
      return width < HELD_FROM ? "" : ` textLength="${Math.round(width)}" lengthAdjust="spacingAndGlyphs"`;
    };
    if (!content.includes("<")) return `<text${attributes}${held(content)}>${content}</text>`;
    const lines = content.replace(
      LINE,
      (_, place: string, line: string) => `<tspan${place}${held(line)}>${line}</tspan>`,
    );
    return lines === content ? whole : `<text${attributes}>${lines}</text>`;
  });
}

function titleText(spec: Spec): string {
  const title: unknown = spec.title;
  if (typeof title === "string") return title;
  if (Array.isArray(title)) return title.join(" ");
  if (typeof title === "object" && title !== null && "text" in title) return [title.text].flat().join(" ");
  return "";
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
