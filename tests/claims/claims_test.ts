import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Claim, countVerdicts, judgeClaims, judgeInterval, within } from "../../lib/claims/mod.ts";
import { claimsTable } from "../../lib/claims/terminal.ts";
import { meanInterval, quantileInterval, studentQuantile } from "../../lib/statistics/interval.ts";

Deno.test("quantiles of Student's t are those of the tables", () => {
  const table: [number, number, number][] = [
    [0.975, 1, 12.7062047364],
    [0.975, 2, 4.30265272991],
    [0.975, 3, 3.18244630528],
    [0.95, 7, 1.89457860506],
    [0.975, 7, 2.36462425101],
    [0.995, 10, 3.16927267261],
    [0.975, 1000, 1.96233908083],
  ];
  for (const [probability, freedom, expected] of table) {
    assertAlmostEquals(studentQuantile(probability, freedom), expected, 1e-9 * expected);
  }
});

Deno.test("the interval of a mean is symmetric, collapses without spread, and needs two finite replicas", () => {
  const { centre, low, high } = meanInterval([1, 2, 3, 4, 5]);
  assertEquals(centre, 3);
  assertAlmostEquals(high - low, 2 * 2.7764451052 * Math.sqrt(2.5 / 5), 1e-8);
  assertEquals(meanInterval([7, 7, 7]), { centre: 7, low: 7, high: 7 });
  assertThrows(() => meanInterval([1]), RangeError, "expected values of at least two replicas, found 1");
  assertThrows(() => meanInterval([1, NaN]), RangeError, "expected finite values, found NaN for replica 1");
  assertThrows(() => quantileInterval([1, 2], 1), RangeError, "expected level in (0, 1), found 1");
});

Deno.test("the quantile interval of 0..100 at 90 % is 5..95, in any order", () => {
  const values = Array.from({ length: 101 }, (_, index) => (index * 37) % 101);
  const { centre, low, high } = quantileInterval(values, 0.9);
  assertAlmostEquals(low, 5, 1e-12);
  assertAlmostEquals(centre, 50, 1e-12);
  assertAlmostEquals(high, 95, 1e-12);
});

Deno.test("a band inside the tolerance reproduces, a disjoint one does not, an overlapping one says nothing", () => {
  const tolerance = within(-2, 0.1);
  assertEquals(tolerance, { from: -2.2, to: -1.8 });
  const verdict = (low: number, high: number, bounds: { from?: number; to?: number } = tolerance) =>
    judgeInterval(-2, { centre: (low + high) / 2, low, high }, bounds).verdict;
  assertEquals(verdict(-2.2, -1.8), "reproduced");
  assertEquals(verdict(-2.3, -2.21), "not reproduced");
  assertEquals(verdict(-1.79, 0), "not reproduced");
  assertEquals(verdict(-2.3, -2), "inconclusive");
  assertEquals(verdict(-3, 0), "inconclusive");
  assertEquals(verdict(1, 99, { from: 1 }), "reproduced");
  assertEquals(verdict(1, 99, { to: 0 }), "not reproduced");
});

const claims: Claim<number[]>[] = [
  {
    id: "rate",
    statement: "x shrinks",
    source: "eq. 1",
    criterion: "within 1 %",
    judge: (values) => judgeInterval(1, meanInterval(values), within(1, 0.01)),
  },
  {
    id: "plateau",
    statement: "the loss stays",
    source: "eq. 2",
    criterion: "above 2",
    judge: (values) => ({
      ...judgeInterval(3, quantileInterval(values), { from: 2 }),
      errors: { paper: 0.123, exact: 0.0004 },
      detail: "over three replicas",
    }),
  },
];

Deno.test("claims are judged in order, counted, and shown with both errors side by side", () => {
  const judged = judgeClaims(claims, [1, 1, 1]);
  assertEquals(countVerdicts(judged), { "reproduced": 1, "not reproduced": 1 });
  assertEquals(claimsTable(judged).split("\n"), [
    "claim    verdict         predicted  measured  band    paper error  exact error",
    "rate     reproduced              1         1  [1, 1]",
    "  x shrinks (eq. 1)",
    "plateau  not reproduced          3         1  [1, 1]         12 %       0.04 %",
    "  the loss stays (eq. 2)",
    "  over three replicas",
  ]);
  assertEquals(claimsTable([]), "");
});

Deno.test("on a narrow terminal errors take a line of their own, and long lines are wrapped at spaces", () => {
  const [, plateau] = judgeClaims(claims, [1, 1, 1]);
  assertEquals(
    claimsTable([{ ...plateau, detail: "over three replicas that all ended alike" }], { width: 41 }),
    [
      "claim    verdict         predicted  measured  band",
      "plateau  not reproduced          3         1  [1, 1]",
      "  the loss stays (eq. 2)",
      "  over three replicas that all ended",
      "  alike",
      "  paper off by 12 %, exact flow by 0.04 %",
    ].join("\n"),
  );
});

Deno.test("head and verdicts are painted where colour is wanted, and nowhere under NO_COLOR", () => {
  const [, plateau] = judgeClaims(claims, [1, 1, 1]);
  const [head, row] = claimsTable([plateau], { width: 79, colour: true }).split("\n");
  const painted = (on: number, text: string, off: number) => Deno.noColor ? text : `\x1b[${on}m${text}\x1b[${off}m`;
  assertEquals(head, painted(1, "claim    verdict         predicted  measured  band    paper error  exact error", 22));
  assertEquals(row.includes(painted(31, "not reproduced", 39)), true);
  assertEquals(row.includes("\x1b"), !Deno.noColor);
});

Deno.test("a verdict without numbers is refused, naming the claim", () => {
  const bad: Claim<null> = { ...claims[0], judge: () => judgeInterval(1, { centre: NaN, low: 0, high: 1 }, {}) };
  assertThrows(() => judgeClaims([bad], null), Error, "expected a finite measured for claim rate, found NaN");
});
