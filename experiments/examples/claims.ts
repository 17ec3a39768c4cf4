/** Claims over a run that was not made here: `./lab judge RUN --claims=FILE`. Its table has a column `loss`, and seeds as replicas. */
import * as lab from "../../mod.ts";
const loss = { series: "main", quantity: "loss" };
export const claims = [lab.claim({
  id: "falls",
  statement: "The loss falls by half or more.",
  source: "what we expected",
  measure: "last loss over first loss, seed by seed",
  expect: lab.expect.ratio({ to: 0.5 }),
  values: (measured: lab.Measurements) => {
    const first = measured.first(loss);
    if (first.length === 0) return { unmeasured: "no column loss" };
    return { values: measured.last(loss).map((last, seed) => last / first[seed]) };
  },
})];
