/**
 * An experiment in the worker of a page: it trains on the page's GPU, its log is memory, and what it says goes to the page.
 *
 * @module
 */
import { wordsOf } from "../../claims/words.ts";
import type { Spec } from "../../figures/spec.ts";
import { GpuError } from "../../gpu/errors.ts";
import { openGpu } from "../../gpu/device.ts";
import { UserError } from "../../io/errors.ts";
import { type AnyExperiment, claimsOf } from "../../run/experiment.ts";
import { MemoryRun } from "../../run/memory_run.ts";
import type { Progress } from "../../run/progress.ts";
import { adapterText } from "../../run/run_context.ts";
import type { Pace } from "../../train/loop_options.ts";
import type { Criterion, News, Order } from "./messages.ts";

/** Milliseconds of training that are queued at a time: two frames, so that the page's own drawing on the GPU is not held up. */
const QUEUED_MS = 32;
/** Milliseconds from one drawing to the next, at least; drawing takes a quarter of the time at most. */
const DRAW_EVERY_MS = 250;
/** Milliseconds from one word on progress to the next. */
const TELL_EVERY_MS = 100;

/** Reason of a run's end when another one begins. */
const RESET = new DOMException("another run begins", "AbortError");

/** News of a run, before the number of the run is put to it. */
type Word = News extends infer N ? N extends { run: number } ? Omit<N, "run"> : never : never;

/** Whether training goes on, and for how many steps: asked by the loop, told by the page. */
class Gate implements Pace {
  readonly ms = QUEUED_MS;
  #running: boolean;
  #steps = 0;
  #wake: () => void = () => {};

  /**
   * @param running Whether training begins at once.
   * @param signal Ends the waiting.
   * @param arrived Told where training is, whenever it is about to go on or to wait.
   */
  constructor(
    running: boolean,
    readonly signal: AbortSignal,
    readonly arrived: (step: number, loss: Float32Array | null, waits: boolean) => Promise<void>,
  ) {
    this.#running = running;
    signal.addEventListener("abort", () => this.#wake());
  }

  /** Lets training go on, or not. */
  set running(running: boolean) {
    this.#running = running;
    this.#steps = 0;
    this.#wake();
  }

  /** Allows one step more, and none after it. */
  step(): void {
    this.#running = false;
    this.#steps++;
    this.#wake();
  }

  async next(step: number, loss: Float32Array | null): Promise<number> {
    // Orders are messages: without a turn of the event loop none would ever arrive.
    await turn();
    await this.arrived(step, loss, !this.#running && this.#steps === 0);
    while (!this.signal.aborted && !this.#running && this.#steps === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#running) return Infinity;
    this.#steps = Math.max(0, this.#steps - 1);
    return 1;
  }
}

/** One turn of the event loop; a timer would wait 4 ms. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** The run of a page: one at a time, on one device. */
export class LiveRun {
  readonly #experiment: AnyExperiment;
  readonly #post: (news: News) => void;
  #number = 0;
  #gate: Gate | null = null;
  #run: { readonly lines: readonly string[] } | null = null;
  #controller = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  /**
   * @param experiment What runs.
   * @param post Takes what is said.
   */
  constructor(experiment: AnyExperiment, post: (news: News) => void) {
    this.#experiment = experiment;
    this.#post = post;
  }

  /** Does what the page says. */
  order(order: Order): void {
    if (order.kind === "begin") this.#begin(order.args, order.running);
    else if (order.kind === "step") this.#gate?.step();
    else if (order.kind === "log") {
      const lines = this.#run?.lines ?? [];
      this.#post({ run: this.#number, kind: "log", text: lines.length === 0 ? "" : lines.join("\n") + "\n" });
    } else if (this.#gate) this.#gate.running = order.kind === "go";
  }

  #begin(args: readonly string[], running: boolean): void {
    this.#controller.abort(RESET);
    const controller = this.#controller = new AbortController();
    const number = ++this.#number;
    const say = (word: Word) => {
      if (number === this.#number) this.#post({ ...word, run: number } as News);
    };
    const gate = new Gate(running, controller.signal, async (step, loss, waits) => {
      telling.told(step, loss);
      if (waits) telling.flush();
      await drawing.draw(waits);
    });
    this.#gate = gate;
    const telling = new Telling(say);
    const drawing = new Drawing(this.#experiment.page?.figures ?? [], say);
    const before = this.#ended;
    this.#ended = (async () => {
      // The one before frees its memory first.
      await before;
      if (controller.signal.aborted) return;
      try {
        const run = new MemoryRun(this.#experiment, args);
        this.#run = run;
        drawing.run = run;
        say({ kind: "claims", claims: criteriaOf(this.#experiment, run.configuration) });
        const { adapter } = await openGpu(run.adapter);
        say({ kind: "adapter", name: adapterText(adapter), software: adapter.software });
        await run.run({ signal: controller.signal, pace: gate, progress: telling.progress(drawing) });
        telling.flush();
        await drawing.draw(true, true);
        say({ kind: "claims", claims: run.judged.map((claim) => ({ ...claim, words: wordsOf(claim) })) });
        say({ kind: "end" });
      } catch (error) {
        if (controller.signal.aborted) return;
        await drawing.draw(true);
        say({ kind: "failed", ...reasonOf(error) });
      }
    })();
  }
}

function criteriaOf(experiment: AnyExperiment, configuration: object): Criterion[] {
  return claimsOf(experiment, configuration as never).map(({ id, statement, source, criterion }) => {
    return { id, statement, source, criterion };
  });
}

function reasonOf(error: unknown): { why: "refused" | "adapter" | "lost" | "failed"; text: string } {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof UserError) return { why: "refused", text };
  if (error instanceof GpuError && error.kind === "no-adapter") return { why: "adapter", text };
  if (error instanceof GpuError && error.kind === "device-lost") return { why: "lost", text };
  return { why: "failed", text };
}

/** Says how far a run is, a few times a second. */
class Telling {
  #label = "";
  #total = 0;
  #last = -Infinity;
  #latest: { step: number; loss: number | null } | null = null;

  constructor(readonly say: (word: Word) => void) {}

  /** Says where a training is. */
  told(step: number, loss: Float32Array | null): void {
    this.#tell(step, loss === null ? null : loss.reduce((sum, value) => sum + value / loss.length, 0));
  }

  /** Says what was held back. */
  flush(): void {
    if (this.#latest === null) return;
    this.say({ kind: "progress", label: this.#label, total: this.#total, ...this.#latest });
    this.#latest = null;
    this.#last = performance.now();
  }

  /** Progress of the run's loops. */
  progress(drawing: Drawing): Progress {
    return {
      start: (total, label = "", from = 0) => {
        this.#label = label;
        this.#total = total;
        this.#latest = { step: from, loss: null };
        this.flush();
      },
      update: async (step) => {
        // The loss of a training comes from its gate.
        if (step === this.#total) this.#tell(step, this.#latest?.loss ?? null);
        await turn();
        await drawing.draw(false);
      },
      note() {},
      stop: () => this.flush(),
    };
  }

  #tell(step: number, loss: number | null): void {
    this.#latest = { step, loss };
    if (performance.now() - this.#last >= TELL_EVERY_MS) this.flush();
  }
}

/** Draws the figures of a run as often as there is time for. */
class Drawing {
  run: { readonly lines: readonly string[]; figures(): Promise<Readonly<Record<string, Spec | null>>> } | null = null;
  #last = -Infinity;
  #cost = 0;
  #drawn = -1;

  constructor(readonly names: readonly string[], readonly say: (word: Word) => void) {}

  /**
   * Draws if it is time, or in any case; not where nothing is new. Figures that cannot be drawn yet are left as they are, and fail
   * at the end alone.
   */
  async draw(now: boolean, last = false): Promise<void> {
    const start = performance.now();
    if (!now && start - this.#last < Math.max(DRAW_EVERY_MS, 4 * this.#cost)) return;
    if (this.run === null || this.run.lines.length === this.#drawn) return;
    this.#drawn = this.run.lines.length;
    let all: Readonly<Record<string, Spec | null>> = {};
    try {
      all = await this.run.figures();
    } catch (error) {
      if (last) throw error;
    }
    const shown = this.names.flatMap((name) => all[name] ? [[name, all[name]] as const] : []);
    this.say({ kind: "figures", figures: Object.fromEntries(shown) });
    this.#last = performance.now();
    this.#cost = this.#last - start;
  }
}
