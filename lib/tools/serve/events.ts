/**
 * Server-sent events of a run: its record where that changes, and the news of its log.
 *
 * @module
 */
import type { LiveRun } from "./live_run.ts";
import type { RunRecord } from "./run_record.ts";

const LOOK_EVERY_MS = 500;
const KEEP_ALIVE_MS = 15_000;

/**
 * A stream of events: `run` (the record), `log` (news of the log, with an id to go on from), and `end` once the run has
 * ended and all of its log was sent; a page closes the stream then.
 *
 * Nothing is looked up before the reader asks: one that is slow gets fewer, larger events, and costs no memory.
 *
 * @param watch Gives the record and its log as they are now.
 * @param lastEventId As the browser sends it after a break, or `null`.
 * @returns Text in UTF-8.
 */
export function runEvents(
  watch: () => { readonly record: RunRecord; readonly live: LiveRun },
  lastEventId: string | null,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let [id, sent, ended, cancelled] = [lastEventId, "", false, false];
  let spokeAt = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wake: (() => void) | undefined;

  /** The next events, as many as there are now. */
  async function look(): Promise<{ text: string; more: boolean }> {
    const { record, live } = watch();
    const more = await live.advance();
    const { lastRow: _lastRow, ...rest } = record;
    const said = JSON.stringify(rest);
    let text = "";
    if (said !== sent) {
      sent = said;
      text += `event: run\ndata: ${said}\n\n`;
    }
    const news = live.news(id, !more && record.status !== "running");
    if (news !== null) {
      id = news.id;
      text += `id: ${news.id}\nevent: log\ndata: ${JSON.stringify(news)}\n\n`;
    }
    if (!more && record.status !== "running") {
      ended = true;
      text += `event: end\ndata: {}\n\n`;
    }
    return { text, more };
  }

  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode("retry: 1000\n\n")),
    async pull(controller) {
      while (!cancelled) {
        if (ended) return controller.close();
        let found;
        try {
          found = await look();
        } catch {
          // The run is gone: a page that asks again is told so.
          return controller.close();
        }
        if (cancelled) return;
        if (found.text === "" && performance.now() - spokeAt > KEEP_ALIVE_MS) found.text = ": still here\n\n";
        if (found.text !== "") {
          spokeAt = performance.now();
          controller.enqueue(encoder.encode(found.text));
          if (!ended) await pause(found.more ? 0 : LOOK_EVERY_MS);
          return;
        }
        await pause(found.more ? 0 : LOOK_EVERY_MS);
      }
    },
    cancel() {
      cancelled = true;
      clearTimeout(timer);
      wake?.();
    },
  }, { highWaterMark: 1 });

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, ms);
    });
  }
}
