/**
 * How far a run is: a bar on a terminal, now and then a plain line elsewhere, nothing under `--quiet`.
 *
 * @module
 */
import { format } from "@std/fmt/duration";

const LINE_EVERY_MS = 5000;
const LINE_AT_LEAST_MS = 1000;
const YIELD_EVERY_MS = 50;

/** Progress of a loop with a known number of steps. Several loops may follow each other. */
export interface Progress {
  /**
   * Begins a loop of `total` steps, `label` in front of its line; `from` steps are done already. Where steps differ in their
   * cost, `share` says which part of the whole work is done after how many: 0 … 1, from which the end is estimated.
   */
  start(total: number, label?: string, from?: number, share?: (step: number) => number): void;
  /**
   * Says that `step` steps are done. Awaiting it lets Ctrl-C through: the event loop gets a turn at most every 50 ms.
   * Values beside the step (a loss) must be finite to be shown as numbers, but nothing depends on them.
   */
  update(step: number, values?: Readonly<Record<string, number>>): Promise<void>;
  /** Prints a line without disturbing the bar. */
  note(line: string): void;
  /** Ends the loop. Ending twice does nothing. */
  stop(): void;
}

/** Where progress appears, and when it was. */
export interface ProgressTarget {
  readonly quiet: boolean;
  /** Whether `write` goes to a terminal. */
  readonly terminal: boolean;
  /** Takes lines; stderr, so that stdout stays free for results. */
  readonly write: (text: string) => void;
  /** Milliseconds from any origin. */
  readonly now: () => number;
  /** Width of the terminal in characters, as it is now. */
  readonly columns: () => number;
}

/** Text of a line, cut to the most important part where it must fit into `room` characters. */
type Status = (room?: number) => string;

/** Draws the status of a loop; one drawing for terminals, one for everything else. */
interface Drawing {
  begin(total: number, from: number, status: Status): void;
  draw(step: number, status: Status): void;
  note(line: string): void;
  end(step: number, status: Status): void;
}

/**
 * Progress on a target.
 *
 * @param target Where it appears, as from {@linkcode stderrTarget}.
 * @returns Progress that has not begun.
 *
 * @example
 * ```ts
 * import { createProgress } from "./progress.ts";
 *
 * const lines: string[] = [];
 * const target = { quiet: false, terminal: false, write: (text: string) => lines.push(text), now: () => 0, columns: () => 80 };
 * const progress = await createProgress(target);
 * progress.start(10);
 * await progress.update(10, { loss: 0.5 });
 * progress.stop();
 * if (!lines[0].startsWith("step 10/10 (100 %)  loss 0.5")) throw new Error(lines[0]);
 * ```
 */
export async function createProgress(target: ProgressTarget): Promise<Progress> {
  const drawing = target.quiet ? silence : target.terminal ? await bar(target) : lines(target);
  let label = "";
  let total = 0;
  let startedAt = 0;
  let startedFrom = 0;
  let yieldedAt = target.now();
  let step = 0;
  let values: Readonly<Record<string, number>> = {};
  let active = false;
  let shareOf: (step: number) => number = () => 1;

  const status: Status = (room = Infinity) => {
    const seconds = (target.now() - startedAt) / 1000;
    const rate = seconds > 0 ? (step - startedFrom) / seconds : 0;
    const [done, before] = [shareOf(step), shareOf(startedFrom)];
    const parts = [`${label}step ${step}/${total} (${Math.floor(100 * done)} %)`];
    for (const [name, value] of Object.entries(values)) parts.push(`${name} ${Number(value.toPrecision(4))}`);
    if (rate > 0) parts.push(`${Number(rate.toPrecision(3))} steps/s`);
    const left = done > before ? seconds * (1 - done) / (done - before) : NaN;
    const remaining = rate > 0 && step < total && left >= 0 ? [`ETA ${duration(left * 1000)}`] : [];
    // A narrow terminal loses the rate first, then the values; where a run stands and when it ends come last.
    while (parts.length > 1 && [...parts, ...remaining].join("  ").length > room) parts.pop();
    parts.push(...remaining);
    return parts.join("  ");
  };
  const stop = () => {
    if (active) drawing.end(step, status);
    active = false;
  };
  return {
    start(newTotal, newLabel, from = 0, share = (done) => newTotal === 0 ? 1 : done / newTotal) {
      stop();
      shareOf = share;
      [label, total, step, values, active] = [newLabel === undefined ? "" : `${newLabel}: `, newTotal, from, {}, true];
      [startedAt, startedFrom] = [target.now(), from];
      drawing.begin(total, from, status);
    },
    update(newStep, newValues = {}) {
      [step, values] = [newStep, newValues];
      if (active) drawing.draw(step, status);
      if (target.now() - yieldedAt < YIELD_EVERY_MS) return Promise.resolve();
      return new Promise((resolve) =>
        setTimeout(() => {
          yieldedAt = target.now();
          resolve();
        }, 0)
      );
    },
    note: (line) => drawing.note(line),
    stop,
  };
}

/** Progress on stderr. */
export function stderrTarget(quiet: boolean): ProgressTarget {
  const encoder = new TextEncoder();
  return {
    quiet,
    terminal: Deno.stderr.isTerminal(),
    write: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    now: () => performance.now(),
    columns: () => Deno.consoleSize().columns || 80,
  };
}

const silence: Drawing = { begin() {}, draw() {}, note() {}, end() {} };

function lines({ write, now }: ProgressTarget): Drawing {
  let total = 0;
  let printedAt = 0;
  let printedStep = 0;
  return {
    begin(newTotal, from) {
      [total, printedAt, printedStep] = [newTotal, now(), from];
    },
    draw(step, status) {
      const waited = now() - printedAt;
      const tenths = Math.floor((10 * step) / total) > Math.floor((10 * printedStep) / total);
      if (waited < LINE_EVERY_MS && !(tenths && waited >= LINE_AT_LEAST_MS)) return;
      [printedAt, printedStep] = [now(), step];
      write(status() + "\n");
    },
    note: (line) => write(line + "\n"),
    end(step, status) {
      if (step > printedStep) write(status() + "\n");
    },
  };
}

/** Loaded only where there is a terminal: a run in a pipe starts without it. */
async function bar({ write, columns }: ProgressTarget): Promise<Drawing> {
  const { default: cliProgress } = await import("cli-progress");
  let single: InstanceType<typeof cliProgress.SingleBar> | undefined;
  return {
    begin(total, from, status) {
      single = new cliProgress.SingleBar(
        {
          format(options, { progress }, { status }: { status: Status }) {
            const room = columns() - 1;
            const text = status(room).slice(0, room);
            const barsize = Math.min(24, room - text.length - 1);
            return barsize < 8 ? text : `${cliProgress.Format.BarFormat(progress, { ...options, barsize })} ${text}`;
          },
          hideCursor: true,
        },
        cliProgress.Presets.shades_classic,
      );
      single.start(total, from, { status });
    },
    draw: (step, status) => single?.update(step, { status }),
    note(line) {
      write(`\r\x1b[K${line}\n`);
    },
    end(step, status) {
      single?.update(step, { status });
      single?.stop();
      single = undefined;
    },
  };
}

function duration(ms: number): string {
  return ms < 1000 ? "< 1s" : format(Math.round(ms / 1000) * 1000, { ignoreZero: true });
}
