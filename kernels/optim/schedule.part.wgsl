// factor(step) = min(1, (step + 1) / warmup) · f(u),   u = clamp((steps − step) / (steps − warmup), 0, 1), the part left
//
// SCHEDULE 0: f = 1;  1: floor + (1 − floor) sin²(πu/2), half a cosine;  2: floor + (1 − floor) u;
// 3: floor + (1 − floor) 2 min(u, 1 − u), up and down again.   step counts the updates done before this one.
const SCHEDULE: u32 = 0u;

// sin(πu/2) for u in [0, 1] by its series, to 1e-7 relative: drivers' own may be off by 5e-4.
fn quarter_sine(u: f32) -> f32 {
  let x = 1.5707963 * u;
  let x2 = x * x;
  return x * (1.0 + x2 * (-0.16666667 + x2 * (0.0083333333 + x2 * (-1.984127e-4 + x2 * (2.7557319e-6 + x2 * -2.5052108e-8)))));
}

// schedule = (warmup, steps, floor, 0) of a replica.
fn schedule_factor(schedule: vec4f, step: u32) -> f32 {
  let t = f32(step);
  let warm = min(1.0, (t + 1.0) / max(schedule.x, 1.0));
  let left = clamp((schedule.y - t) / max(schedule.y - schedule.x, 1.0), 0.0, 1.0);
  var shape = 1.0;
  switch SCHEDULE {
    case 0u: {
      return warm;
    }
    case 1u: {
      let sine = quarter_sine(left);
      shape = sine * sine;
    }
    case 2u: {
      shape = left;
    }
    default: {
      let done = (t - schedule.x) / max(schedule.y - schedule.x, 1.0);
      shape = 2.0 * min(left, max(done, 0.0));
    }
  }
  return warm * (schedule.z + (1.0 - schedule.z) * shape);
}
