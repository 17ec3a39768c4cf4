/**
 * Bundles code for a browser with `deno bundle`, without the parts of the library that need files and processes.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { UserError } from "../../io/errors.ts";
import project from "../../../deno.json" with { type: "json" };

const root = new URL("../../../", import.meta.url);
const absent = new URL("./not_in_a_page.ts", import.meta.url).href;

/** Modules of the library that a page has no use for: command line and files. */
const REPLACED = ["lib/run/main.ts", "lib/tools/measure/mod.ts"];
/** Packages that are imported where they are called, which no page does: it draws with the bundles beside it. */
const EXTERNAL = ["vega", "vega-lite", "vega-lite/schema", "ajv", "@resvg/resvg-wasm", "cli-progress"];

/**
 * Bundles a module and everything that it imports.
 *
 * @param entry The module.
 * @param replaced Modules to take in place of others, by their addresses.
 * @returns One ES module, without a trailing newline. It is not minified: esbuild 0.25 puts the value of a `using` declaration in the
 *   place of its only use, and what it holds is then never freed.
 * @throws {UserError} If `deno bundle` fails, with the first line that it says.
 */
export async function bundle(entry: URL, replaced: Readonly<Record<string, string>> = {}): Promise<string> {
  const own = Object.entries<string>(project.imports).map(([name, target]) =>
    [name, target.startsWith("./") ? new URL(target, root).href : target] as const
  );
  const imports = {
    ...Object.fromEntries(own),
    ...Object.fromEntries(REPLACED.map((path) => [new URL(path, root).href, absent])),
    "node:crypto": absent,
    ...replaced,
  };
  const map = `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
  const external = EXTERNAL.flatMap((name) => ["--external", name]);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=browser", ...external, `--import-map=${map}`, entry.href],
    cwd: fromFileUrl(root),
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr).trim();
  if (code !== 0) throw new UserError(`cannot bundle ${entry.pathname} because deno bundle says: ${firstLine(said)}`);
  // Comments name the files of this machine that a part comes from.
  return new TextDecoder().decode(stdout).replace(/^#!.*\n/, "").replaceAll(/^\/\/ \S+\.(?:m?[jt]s|json|wgsl)\n/gm, "")
    .trimEnd();
}

/**
 * A bundle as a classic script. Browsers refuse module workers of a page that lies on the disk and has a content security policy.
 *
 * @param code An ES module that imports and exports nothing.
 * @returns A script that does the same; what it throws reaches the worker's `error` event.
 */
export function classicScript(code: string): string {
  // A page's code has no address of its own, and is nobody's main module.
  const body = code.replaceAll("import.meta.main", "false").replaceAll("import.meta.url", "location.href")
    .replaceAll("import.meta.resolve", "String");
  return `(async()=>{"use strict";${body}\n})().catch((error)=>setTimeout(()=>{throw error}));`;
}

/** The first line that is no drawing of the source. */
function firstLine(text: string): string {
  return text.split("\n").find((line) => /\w/.test(line) && !/experimental/.test(line))?.trim() ?? "nothing";
}
