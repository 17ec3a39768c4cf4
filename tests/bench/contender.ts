/**
 * One contender of a benchmark: a process that stays warm and is timed in rounds, so that contenders can take turns.
 *
 * Protocol, one JSON object a line: the process prints `{"ready": true}` once it is warm; for each line with a number of
 * seconds it trains for about that long and answers `{"steps": …, "seconds": …}`, steps counted over all replicas.
 */
import { TextLineStream } from "@std/streams/text-line-stream";

/** Command and name of a contender. */
export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

/** Steps of all replicas and the seconds they took. */
export interface Round {
  readonly steps: number;
  readonly seconds: number;
}

/** A contender that could not be started, with the reason in one line. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** A started contender. */
export class ContenderProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;

  private constructor(readonly name: string, child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    this.#errors = new Response(child.stderr).text();
  }

  /**
   * Starts a contender and waits until it is warm.
   *
   * @param contender What to start.
   * @returns The process, and what it said about itself besides being ready.
   * @throws {Unavailable} If its program is missing or ends early.
   */
  static async start(
    { name, command: [program, ...args] }: Contender,
  ): Promise<{ process: ContenderProcess; about: Record<string, unknown> }> {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" })
        .spawn();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw new Unavailable(`${program} not found`);
      throw error;
    }
    const process = new ContenderProcess(name, child);
    return { process, about: await process.#answer() };
  }

  /**
   * Trains for about `seconds`.
   *
   * @param seconds Wall-clock time, > 0.
   */
  async round(seconds: number): Promise<Round> {
    await this.#input.write(new TextEncoder().encode(`${seconds}\n`));
    return await this.#answer() as unknown as Round;
  }

  async #answer(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.read();
    if (!done) return JSON.parse(value);
    await this.#child.status;
    const said = (await this.#errors).trim().split("\n");
    throw new Unavailable(said.findLast((line) => /error/i.test(line)) ?? said.at(-1) ?? "it ended early");
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
    await this.#lines.cancel();
    await this.#errors;
  }
}
