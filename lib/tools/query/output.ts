/**
 * Where an answer goes: standard output, or the one file that `--out` names, which appears whole or not at all.
 *
 * @module
 */
import { dirname } from "@std/path";
import { type Spec, writeFigure } from "../../figures/mod.ts";
import { writeAtomically } from "../../io/atomic.ts";
import { UserError } from "../../io/errors.ts";
import type { Query } from "./command_line.ts";

/**
 * Files that a query writes.
 *
 * @param query What was asked for.
 * @returns Paths: none without `--out`, the specification and the drawing of a figure, else one.
 */
export function outputFiles({ out, plot }: Query): string[] {
  if (out === undefined) return [];
  if (plot === undefined) return [out];
  const stem = out.replace(/\.(svg|png|vl\.json)$/, "");
  return [`${stem}.vl.json`, `${stem}.svg`, ...(out.endsWith(".png") ? [`${stem}.png`] : [])];
}

/** The output of one query. */
export class Output {
  /** A file beside the wanted one, for what DuckDB itself writes. */
  readonly scratch: string | undefined;
  readonly #query: Query;
  readonly #parts: Uint8Array[] = [];
  readonly #encoder = new TextEncoder();

  /**
   * @param query What was asked for.
   * @throws {UserError} If a file is there already and may not be replaced, or has no folder to go to.
   */
  constructor(query: Query) {
    this.#query = query;
    for (const path of outputFiles(query)) {
      if (kindOf(dirname(path)) !== "folder") {
        throw new UserError(`expected a folder for --out=${query.out}, found none at ${dirname(path)}`);
      }
      const kind = kindOf(path);
      if (kind === "folder") throw new UserError(`expected --out to name a file, found the folder ${path}`);
      if (kind === "file" && !query.replace) {
        throw new UserError(`expected --out=${query.out} to be new, found ${path}; --replace writes over it`);
      }
    }
    if (query.out !== undefined) expectWritable(query.out);
    if (query.format === "parquet") this.scratch = Deno.realPathSync(dirname(query.out!)) + `/.query-${Deno.pid}.tmp`;
  }

  /** Whether a person reads it. */
  get isTerminal(): boolean {
    return this.#query.out === undefined && Deno.stdout.isTerminal();
  }

  /** Writes text, to the terminal at once. */
  write(text: string): void {
    const bytes = this.#encoder.encode(text);
    if (this.#query.out !== undefined) this.#parts.push(bytes);
    else for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  }

  /** Draws a figure into the files that `--out` names. */
  async figure(spec: Spec): Promise<void> {
    const files = outputFiles(this.#query);
    const stem = files[0].replace(/\.vl\.json$/, "");
    const write = (path: string, content: string | Uint8Array) => {
      writeAtomically(path.replace("figures/answer", stem), content);
      return Promise.resolve();
    };
    await writeFigure(write, "answer", spec, { png: files.length > 2 });
  }

  /** Gives the file its name. */
  finish(): void {
    const { out, plot } = this.#query;
    if (out === undefined || plot !== undefined) return;
    if (this.scratch === undefined) writeAtomically(out, this.#parts);
    else Deno.renameSync(this.scratch, out);
  }

  /** Removes what did not become the file. */
  discard(): void {
    if (this.scratch === undefined) return;
    try {
      Deno.removeSync(this.scratch);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** DuckDB is native code, which Deno's permissions do not hold: they are asked before it writes. */
function expectWritable(out: string): void {
  const path = dirname(out);
  if (Deno.permissions.requestSync({ name: "write", path }).state === "granted") return;
  throw new UserError(`expected permission to write ${out}, found none; run again with --allow-write=${path}`);
}

function kindOf(path: string): "file" | "folder" | undefined {
  try {
    return Deno.lstatSync(path).isDirectory || Deno.statSync(path).isDirectory ? "folder" : "file";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
