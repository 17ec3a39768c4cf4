/**
 * Ends of a run from outside: Ctrl-C, the signals of terminals and batch systems, and errors nobody has awaited.
 *
 * @module
 */

/**
 * Signals that end a run, with their numbers: Ctrl-C, the end of a session, of a job, and what batch systems send ahead of
 * it (`sbatch --signal=USR1@60`).
 */
const NUMBERS = {
  SIGINT: 2,
  SIGTERM: 15,
  SIGHUP: 1,
  SIGUSR1: Deno.build.os === "darwin" ? 30 : 10,
} as const;

/** A signal that ends a run. */
export type EndingSignal = keyof typeof NUMBERS;

/**
 * Exit code of a process that a signal has ended.
 *
 * @param name The signal.
 * @returns 128 + its number.
 */
export function exitCodeOf(name: EndingSignal): number {
  return 128 + NUMBERS[name];
}

/** `deno task` passes on a Ctrl-C that the terminal has sent to the experiment already: an echo is no second one. */
const ECHO_MS = 500;

/** Signals heard while a run lasts; disposing of it stops listening. */
export interface End extends Disposable {
  /** Aborted by the first signal or by an error that nobody has awaited. */
  readonly signal: AbortSignal;
  /** The first signal, once there was one. */
  readonly name: EndingSignal | undefined;
  /** Rejects with an error that would otherwise end the process with a stack, as from a GPU event. Never resolves. */
  readonly fatal: Promise<never>;
}

/**
 * Listens for the end.
 *
 * @param signals Whether to listen for SIGINT, SIGTERM, SIGHUP and SIGUSR1; without, only for errors nobody has awaited.
 * @param onSecond Called at a second signal, before the process exits with 128 + the signal's number.
 * @returns What was heard.
 */
export function listenForEnd(signals: boolean, onSecond: (name: string) => void): End {
  const controller = new AbortController();
  const { promise: fatal, reject } = Promise.withResolvers<never>();
  fatal.catch(() => {});
  let name: End["name"];
  let heardAt = 0;

  const heard = (next: EndingSignal) => () => {
    if (name !== undefined) {
      if (performance.now() - heardAt < ECHO_MS) return;
      try {
        onSecond(next);
      } finally {
        Deno.exit(exitCodeOf(next));
      }
    }
    name = next;
    heardAt = performance.now();
    controller.abort(new DOMException(`${next} received`, "AbortError"));
  };
  const all = Object.keys(NUMBERS) as EndingSignal[];
  // Windows knows Ctrl-C alone.
  const names = !signals ? [] : Deno.build.os === "windows" ? ["SIGINT" as const] : all;
  const handlers = names.map((each) => [each, heard(each)] as const);
  for (const [each, handler] of handlers) Deno.addSignalListener(each, handler);

  const failed = (error: unknown) => {
    reject(error);
    controller.abort(error);
  };
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    failed(event.reason);
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    failed(event.error);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);

  return {
    signal: controller.signal,
    get name() {
      return name;
    },
    fatal,
    [Symbol.dispose]() {
      for (const [each, handler] of handlers) Deno.removeSignalListener(each, handler);
      globalThis.removeEventListener("unhandledrejection", onRejection);
      globalThis.removeEventListener("error", onError);
    },
  };
}
