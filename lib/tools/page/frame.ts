/**
 * The frame of every live page: style, scripts, and the policy that admits these alone.
 *
 * @module
 */
import { assetText, inScript, policyOf, standalone } from "../serve/single_file.ts";

const BUNDLES = ["vega.js", "vega-lite.js", "vega-embed.js"];
/** Our own scripts in the order in which they need each other; the page's own comes last. */
const OWN = ["dom.js", "palette.js", "theme.js", "charts.js", "figure.js"];

/** Style, scripts and policy of a live page, the same for every experiment. */
export interface Frame {
  /** Its style sheet. */
  readonly style: string;
  /** Its scripts, in order, with the attribute that says their type. */
  readonly scripts: readonly { readonly type: string; readonly code: string }[];
  /** Content security policy: these scripts and this style by their hashes, workers from the page itself, nothing from elsewhere. */
  readonly policy: string;
}

/**
 * Reads style and scripts.
 *
 * @returns The frame, as this version of the project has it.
 */
export async function liveFrame(): Promise<Frame> {
  const style = assetText("style.css") + Deno.readTextFileSync(new URL("./live.css", import.meta.url));
  const live = Deno.readTextFileSync(new URL("./live.js", import.meta.url));
  const scripts = [...BUNDLES.map((name) => ({ type: "", code: inScript(assetText(name)) })), {
    type: ' type="module"',
    code: inScript([...OWN.map(assetText), live].map(standalone).join("\n")),
  }];
  const policy = await policyOf(scripts.map(({ code }) => code), style, "worker-src blob:");
  return { style, scripts, policy };
}
