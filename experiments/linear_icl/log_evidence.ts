/** Log rows of the theory curves and of the ensembles beside the main one. */
import type { RunContext } from "../../lib/run/mod.ts";
import { type Evidence, mean } from "./evidence.ts";
import type { columns, options } from "./setting.ts";

type Log = RunContext<typeof options, typeof columns, Evidence>["log"];

/** Appends what the main loop has not logged yet. */
export function logEvidence({ theory, fixedPoints, alignment, mirror, shift }: Evidence, log: Log): void {
  for (const [series, points] of [["paper closed form", theory.paper], ["exact flow", theory.exact]] as const) {
    for (const { step, products, loss, imbalances } of points ?? []) {
      const row = (quantity: string, mode: number, value: number) =>
        log("theory", { study: "main", x: step, series, quantity, mode, value });
      Array.from(products).forEach((value, mode) => row("product", mode + 1, value));
      Array.from(imbalances).forEach((value, mode) => row("mode imbalance", mode + 1, value));
      row("loss before the update", 0, loss);
    }
  }
  for (const { step, productStd, imbalance, lossStd } of theory.noise ?? []) {
    const row = (quantity: string, mode: number, value: number) =>
      log("theory", { study: "main", x: step, series: "SGD noise theory", quantity, mode, value });
    productStd.forEach((value, mode) => row("product, standard deviation", mode + 1, value));
    row("imbalance", 0, imbalance);
    row("population loss, standard deviation", 0, lossStd);
  }

  const study = (name: string, x: number, quantity: string, mode: number) => ({
    theory(series: string, value: number) {
      log("theory", { study: name, x, series, quantity, mode, value });
    },
    measured(values: readonly (number | null)[]) {
      values.forEach((value, replica) => {
        if (value !== null) log("measure", { study: name, x, replica, quantity, mode, value });
      });
    },
  });
  for (const { tasks, context, mode, paper, exact, measured } of fixedPoints) {
    const rows = study("fixed-points", context, `product, ${tasks} tasks`, mode + 1);
    rows.theory("paper closed form", paper);
    rows.theory("exact flow", exact);
    rows.measured(measured);
  }
  for (const { step, block, exact, measured } of alignment) {
    const rows = study("alignment", step, `off-diagonal rms ${block}`, 0);
    rows.theory("exact flow", mean(exact));
    rows.measured(measured);
  }
  for (const { step, mode, shares } of mirror) {
    study("mirror", step, "share of p1 q2 in the product", mode + 1).measured(shares);
  }
  for (const { factor, paper, exact, measured } of shift) {
    const rows = study("shift", factor, "loss", 0);
    rows.theory("paper closed form", paper);
    rows.theory("exact flow", exact);
    rows.measured(measured);
  }
}
