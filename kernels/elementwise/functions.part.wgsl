// Functions of one number by OP, and their slopes; `dims` has their parameters `slope` and `shift`. See unary.ts.
const OP: u32 = 0u;

fn f(v: f32) -> f32 {
  switch OP {
    case 0u: { return dims.slope * v + dims.shift; }
    case 1u: { return exp(v); }
    case 2u: { return log_accurate(v); }
    case 3u: { return sqrt(v); }
    case 4u: { return v * v; }
    case 5u: { return 1.0 / v; }
    case 6u: { return tanh_accurate(v); }
    case 7u: { return sigmoid(v); }
    case 8u: { return softplus(v); }
    // A rectifier, and its slope: what lies at 0 counts as negative.
    case 9u: { return select(dims.slope * v, v, v > 0.0); }
    case 10u: { return select(dims.slope, 1.0, v > 0.0); }
    case 11u: { return erf(v); }
    case 12u: { return v * normal_below(v); }
    default: { return 0.5 * v * (1.0 + tanh_accurate(gelu_argument(v))); }
  }
}

// f′(x), given v = x, or v = f(x) for exp, sqrt, 1/x, tanh and the sigmoid.
fn slope_of(v: f32) -> f32 {
  switch OP {
    case 0u: { return dims.slope; }
    case 1u: { return v; }
    case 2u: { return 1.0 / v; }
    case 3u: { return 0.5 / v; }
    case 4u: { return 2.0 * v; }
    case 5u: { return -v * v; }
    case 6u: { return (1.0 - v) * (1.0 + v); }
    case 7u: { return v * (1.0 - v); }
    case 8u: { return sigmoid(v); }
    case 9u: { return select(dims.slope, 1.0, v > 0.0); }
    case 10u: { return 0.0; }
    case 11u: { return 1.1283791671 * exp(-v * v); }
    case 12u: { return normal_below(v) + v * 0.3989422804 * exp(-0.5 * v * v); }
    default: {
      let t = tanh_accurate(gelu_argument(v));
      let inner = 0.7978845608 * (1.0 + 0.134145 * v * v);
      return 0.5 * (1.0 + t) + 0.5 * v * (1.0 - t) * (1.0 + t) * inner;
    }
  }
}

// √(2/π) (v + 0.044715 v³)
fn gelu_argument(v: f32) -> f32 {
  return 0.7978845608 * v * (1.0 + 0.044715 * v * v);
}
