/**
 * The folder of results: which runs and sweeps are in it, and which paths a client may have.
 *
 * @module
 */
import { join } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { CELLS, SWEEP } from "../../run/find_runs.ts";
import { Refusal } from "./refusal.ts";

/** Files that make a folder a run: the manifest of a run, or what the gallery keeps of it. */
const MARKS = ["manifest.json", "run.json"];
/** `results/<experiment>/<run>`, and one level more for whoever sorts them into folders. */
const DEPTH = 5;

/**
 * A folder of results. Runs are named by their path inside it (`linear_icl/2026-…`, `.` for the folder itself).
 * Links are not followed when looking for runs; a file is handed out only if its real path lies in the folder.
 */
export class ResultsFolder {
  private constructor(readonly root: string) {}

  /**
   * Opens a folder.
   *
   * @param path The folder; it may be a link itself.
   * @returns The folder by its real path.
   * @throws {UserError} If it is not there or not a folder.
   */
  static open(path: string): ResultsFolder {
    try {
      const root = Deno.realPathSync(path);
      if (Deno.statSync(root).isDirectory) return new ResultsFolder(root);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new UserError(`expected a folder of results, found nothing at ${path}`);
    }
    throw new UserError(`expected a folder of results, found a file at ${path}`);
  }

  /**
   * Names of all runs.
   *
   * @returns Names in no particular order.
   */
  runs(): string[] {
    return this.look().runs;
  }

  /**
   * Names of all runs, and of all sweeps.
   *
   * @returns Both in no particular order.
   */
  look(): { readonly runs: string[]; readonly sweeps: string[] } {
    const found: string[] = [];
    const sweeps: string[] = [];
    const visit = (id: string, depth: number) => {
      const entries = entriesOf(join(this.root, id));
      const cells = entries.some(({ name, isDirectory }) => isDirectory && name === CELLS);
      if (entries.some(({ name, isFile }) => isFile && MARKS.includes(name))) {
        // A run of several cells of a sweep is shown as its cells, once it has ended.
        if (cells) visit(id === "" ? CELLS : `${id}/${CELLS}`, depth);
        else found.push(id === "" ? "." : id);
      } else if (entries.some(({ name, isFile }) => isFile && name === SWEEP)) {
        sweeps.push(id === "" ? "." : id);
        visit(id === "" ? "tasks" : `${id}/tasks`, depth + 1);
      } else if (depth < DEPTH) {
        for (const { name, isDirectory } of entries) {
          if (isDirectory && !name.startsWith(".")) visit(id === "" ? name : `${id}/${name}`, depth + 1);
        }
      }
    };
    visit("", 0);
    return { runs: found, sweeps };
  }

  /**
   * The real path of a file of a run.
   *
   * @param run Name of the run.
   * @param path Path inside it; `""` for its folder.
   * @returns A path inside the results, without links.
   * @throws {Refusal} 400 for a name that is no plain path, 403 for one that leads out of the folder, 404 for none.
   *
   * @example
   * ```ts
   * import { assertThrows } from "@std/assert";
   * import { ResultsFolder } from "./results_folder.ts";
   *
   * const folder = ResultsFolder.open(Deno.makeTempDirSync());
   * assertThrows(() => folder.locate("../..", "etc/passwd"), Error, "expected a plain path");
   * Deno.removeSync(folder.root);
   * ```
   */
  locate(run: string, path: string): string {
    if (![...(run === "." ? [] : run.split("/")), ...(path === "" ? [] : path.split("/"))].every(isPlain)) {
      throw new Refusal(400, "expected a plain path inside the results");
    }
    const real = realPath(join(this.root, run, path));
    if (isOutside(real, this.root)) {
      throw new Refusal(403, "expected a path inside the results, found one that leads out of them");
    }
    return real;
  }

  /**
   * Refuses a file of a run that is a link out of the results; one that is not there is no matter.
   *
   * @param run Name of the run.
   * @param path Path inside it.
   * @throws {Refusal} As {@linkcode ResultsFolder.locate}, but for a file that is not there.
   */
  refuseOutside(run: string, path: string): void {
    try {
      this.locate(run, path);
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error;
    }
  }
}

function isOutside(real: string, root: string): boolean {
  return real !== root && !real.startsWith(`${root}/`);
}

function isPlain(segment: string): boolean {
  // deno-lint-ignore no-control-regex -- a NUL ends a path for the system
  return segment !== "" && segment !== "." && segment !== ".." && !/[\\\x00]/.test(segment);
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    throw new Refusal(404, "expected a file of a run, found none");
  }
}

function entriesOf(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch {
    return []; // Gone or closed in the meantime: no run to show.
  }
}
