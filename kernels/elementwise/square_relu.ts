import { multiply } from "./binary.ts";
import { type Elementwise, elementwise } from "./elementwise.ts";
import { relu, scale } from "./unary.ts";

/** Squared rectifier: `y = max(x, 0)²` (So et al. 2021). */
export const squareRelu: Elementwise = elementwise({
  label: "square_relu",
  wgsl: "unless_nan(max(x, 0.0) * max(x, 0.0), x)",
  derivative: "2.0 * max(x, 0.0)",
  gradient: ({ dy, x }) => multiply(dy, scale(relu(x), 2)),
  reference: (x) => Math.max(x, 0) ** 2,
});
