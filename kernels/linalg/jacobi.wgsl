// x[b,p,:] ← Σ_k x[b,k,:] J[k,p]      p, k over the 8 columns of a pair of blocks, J the rotations that make them orthogonal
//
// A column is [w | v]: w of `height` numbers is a column of A V, v one of V. The rotations diagonalise a Gram matrix of
// the 8 columns, <w,w> (one-sided Jacobi: singular values) or <v,w> = vᵀ A v (SYMMETRIC: eigenvalues); it is summed anew
// from the columns at every visit, and only chooses rotations, so that its rounding never reaches the result.
// Blocks of four columns meet in the order of a round-robin tournament: a round is P / 8 pairs without a column in
// common, SPLIT lanes to a pair, each with every SPLIT-th row. Where a matrix lies in one workgroup, a dispatch makes many
// rounds and sweeps, with barriers between; otherwise it makes one round of one sweep.
// stats[b,s]: largest |cosine| between columns that sweep s met (SYMMETRIC: largest off-diagonal entry), and what it is
// measured by. A sweep does nothing once an earlier one met no more than TOLERANCE.
const LANES: u32 = 8u;
const SPLIT: u32 = 1u;
const SYMMETRIC: u32 = 0u;
const TOLERANCE: f32 = 0.000002;
const NEGLIGIBLE: f32 = 0.0000003;
const ENTRIES: u32 = 36u;
const PARTIALS: u32 = ENTRIES * LANES;
// Squared norm below which a column counts as zero; the largest entry of a matrix is between 1 and 2.
const VANISHED: f32 = 7.888609e-31;
struct Dims { B: u32, P: u32, H: u32, S: u32, height: u32, sweep: u32, sweepEnd: u32, round: u32, roundEnd: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;             // (B, P, H)
@group(0) @binding(2) var<storage, read_write> stats: array<atomic<u32>>;   // (B, S, 2)

var<workgroup> partial: array<f32, PARTIALS>;

fn entry(p: u32, q: u32) -> u32 {
  let low = min(p, q);
  return low * (15u - low) / 2u + max(p, q);
}

fn met(b: u32, sweep: u32, what: u32) -> f32 {
  return bitcast<f32>(atomicLoad(&stats[(b * dims.S + sweep) * 2u + what]));
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let pairs = dims.P / 8u;
  let pair = group_index(group, groups) * (LANES / SPLIT) + lane / SPLIT;
  let inside = pair < dims.B * pairs;
  let b = select(0u, pair / pairs, inside);
  let place = pair % pairs;
  let others = 2u * pairs - 1u;
  let rows = dims.H / 4u;
  let tall = dims.height / 4u;
  let share = lane % SPLIT;
  for (var sweep = dims.sweep; sweep < dims.sweepEnd; sweep++) {
    var working = inside;
    var least = 0.0;
    if (sweep > 0u) {
      let scale = met(b, sweep - 1u, 1u);
      working = inside && met(b, sweep - 1u, 0u) > TOLERANCE * scale;
      least = select(0.0, NEGLIGIBLE * scale, SYMMETRIC == 1u);
    }
    var largest = 0.0;
    var scale = 0.0;
    for (var round = dims.round; round < dims.roundEnd; round++) {
      let one = (round + place) % others;
      let two = select((round + others - place) % others, others, place == 0u);
      let left = (b * dims.P + 4u * min(one, two)) * rows;
      let right = (b * dims.P + 4u * max(one, two)) * rows;
      var gram = array<f32, ENTRIES>();
      for (var row = share; row < select(0u, tall, working); row += SPLIT) {
        var w = array<vec4f, 8>();
        for (var p = 0u; p < 8u; p++) { // unroll
          w[p] = x[select(left, right, p >= 4u) + p % 4u * rows + row];
        }
        if (SYMMETRIC == 1u) {
          for (var p = 0u; p < 8u; p++) { // unroll
            let v = x[select(left, right, p >= 4u) + p % 4u * rows + tall + row];
            for (var q = p; q < 8u; q++) { // unroll
              gram[entry(p, q)] += dot(v, w[q]);
            }
          }
        } else {
          for (var p = 0u; p < 8u; p++) { // unroll
            for (var q = p; q < 8u; q++) { // unroll
              gram[entry(p, q)] += dot(w[p], w[q]);
            }
          }
        }
      }
      if (SPLIT > 1u) {
        for (var e = 0u; e < ENTRIES; e++) { // unroll
          partial[lane * ENTRIES + e] = gram[e];
        }
        workgroupBarrier();
        let first = (lane - share) * ENTRIES;
        for (var e = share; e < ENTRIES; e += SPLIT) {
          var sum = partial[first + e];
          for (var other = 1u; other < SPLIT; other++) {
            sum += partial[first + other * ENTRIES + e];
          }
          partial[first + e] = sum;
        }
        workgroupBarrier();
        for (var e = 0u; e < ENTRIES; e++) { // unroll
          gram[e] = partial[first + e];
        }
      }
      var norms = array<f32, 8>();
      for (var p = 0u; p < 8u; p++) { // unroll
        let square = gram[entry(p, p)];
        scale = max(scale, select(1.0, abs(square), SYMMETRIC == 1u));
        norms[p] = select(0.0, 1.0 / sqrt(max(square, VANISHED)), square > VANISHED);
      }
      var most = 0.0;
      for (var p = 0u; p < 7u; p++) { // unroll
        for (var q = p + 1u; q < 8u; q++) { // unroll
          most = max(most, abs(gram[entry(p, q)]) * select(norms[p] * norms[q], 1.0, SYMMETRIC == 1u));
        }
      }
      largest = max(largest, most);
      // A loop, not a condition: software drivers go through both sides of one.
      var turning = working && most > max(least, select(NEGLIGIBLE, 0.0, SYMMETRIC == 1u));
      while (turning) {
        turning = false;
        // J − 1: next to a one, what small angles change would be rounded away, always to the same side.
        var turn = array<f32, 64>();
        // All 28 pairs of the 8 columns, in seven rounds of four.
        for (var r = 0u; r < 7u; r++) { // unroll
          for (var k = 0u; k < 4u; k++) { // unroll
            let other = select((r + 7u - k) % 7u, 7u, k == 0u);
            let p = min((r + k) % 7u, other);
            let q = max((r + k) % 7u, other);
            let a = gram[entry(p, p)];
            let d = gram[entry(q, q)];
            let c = gram[entry(p, q)];
            var needed = abs(c) > least;
            if (SYMMETRIC == 0u) {
              needed = min(a, d) > VANISHED && abs(c) > 0.1 * NEGLIGIBLE * sqrt(max(a, 0.0)) * sqrt(max(d, 0.0));
            }
            // The smaller of the two angles that make the columns orthogonal.
            let zeta = clamp((d - a) / select(1.0, 2.0 * c, needed), -1e18, 1e18);
            let t = select(0.0, select(-1.0, 1.0, zeta >= 0.0) / (abs(zeta) + sqrt(1.0 + zeta * zeta)), needed);
            let cosine = 1.0 / sqrt(1.0 + t * t);
            let sine = cosine * t;
            let tau = sine / (1.0 + cosine);
            gram[entry(p, p)] = a - t * c;
            gram[entry(q, q)] = d + t * c;
            gram[entry(p, q)] = select(c, 0.0, needed);
            for (var i = 0u; i < 8u; i++) { // unroll
              if (i != p && i != q) {
                let g = gram[entry(i, p)];
                let h = gram[entry(i, q)];
                gram[entry(i, p)] = cosine * g - sine * h;
                gram[entry(i, q)] = sine * g + cosine * h;
              }
              let g = turn[8u * i + p] + select(0.0, 1.0, i == p);
              let h = turn[8u * i + q] + select(0.0, 1.0, i == q);
              turn[8u * i + p] -= sine * (h + tau * g);
              turn[8u * i + q] += sine * (g - tau * h);
            }
          }
        }
        for (var row = share; row < rows; row += SPLIT) {
          var old = array<vec4f, 8>();
          for (var p = 0u; p < 8u; p++) { // unroll
            old[p] = x[select(left, right, p >= 4u) + p % 4u * rows + row];
          }
          for (var q = 0u; q < 8u; q++) { // unroll
            var change = old[0] * turn[q];
            for (var p = 1u; p < 8u; p++) { // unroll
              change += old[p] * turn[8u * p + q];
            }
            x[select(left, right, q >= 4u) + q % 4u * rows + row] = old[q] + change;
          }
        }
      }
      storageBarrier();
    }
    if (working && share == 0u) {
      atomicMax(&stats[(b * dims.S + sweep) * 2u], bitcast<u32>(largest));
      atomicMax(&stats[(b * dims.S + sweep) * 2u + 1u], bitcast<u32>(scale));
    }
    storageBarrier();
  }
}
