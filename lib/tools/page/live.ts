/**
 * The script of a page's worker. Which experiment runs is settled when it is bundled: the page's own takes the place of this one.
 *
 * @module
 */
import { experiment } from "../../../experiments/linear_icl.ts";
import type { Order } from "./messages.ts";
import { LiveRun } from "./worker.ts";

const scope = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<Order>) => void) | null;
};
const live = new LiveRun(experiment, (news) => scope.postMessage(news));
scope.onmessage = ({ data }) => live.order(data);
