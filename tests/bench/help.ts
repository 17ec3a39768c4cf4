/** Help of a benchmark. */
import { docText } from "../../lib/run/docstring.ts";

/**
 * Prints the docstring of a benchmark's file and ends the process, if `--help` was asked for.
 *
 * @param module Address of the file: `import.meta.url`.
 */
export function helpIfAsked(module: string): void {
  if (!Deno.args.includes("--help") && !Deno.args.includes("-h")) return;
  console.log(docText(new URL(module)));
  Deno.exit(0);
}
