// l[b,i,j] = (a[b,i,j] − Σ_{k<j} l[b,i,k] l[b,j,k]) / l[b,j,j],   l[b,j,j] = √(a[b,j,j] − Σ_{k<j} l[b,j,k]²)
//
// Four columns a step, steps from `start` to before `end`; zero above the diagonal. A lane owns rows, and every lane
// factorises the four diagonal rows for itself. Where a matrix lies in one workgroup (WITHIN), a dispatch makes many steps.
// From a pivot on that is not positive, columns are the number that `undefined_bits` spells.
const LANES: u32 = 8u;
const WITHIN: u32 = 1u;
struct Dims { B: u32, N: u32, H: u32, start: u32, end: u32, undefined_bits: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;         // (B, N, H)
@group(0) @binding(2) var<storage, read_write> l: array<vec4f>;   // (B, N, H)

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  // Workgroups that share a matrix take sets of rows in turn.
  let sets = (dims.N + LANES - 1u) / LANES;
  let b = select(index / sets, index, WITHIN == 1u);
  let stride = LANES * select(sets, 1u, WITHIN == 1u);
  let own = lane + LANES * select(index % sets, 0u, WITHIN == 1u);
  if (b >= dims.B) {
    return;
  }
  let width = dims.H / 4u;
  for (var step = dims.start; step < dims.end; step++) {
    for (var row = own; row < dims.N; row += stride) {
      // Rows of the diagonal block, then this lane's row; those beyond the matrix repeat its last one.
      var places = array<u32, 5>();
      for (var i = 0u; i < 4u; i++) { // unroll
        places[i] = (b * dims.N + min(4u * step + i, dims.N - 1u)) * width;
      }
      places[4] = (b * dims.N + row) * width;
      var sums = array<vec4f, 5>();
      for (var i = 0u; i < 5u; i++) { // unroll
        sums[i] = a[places[i] + step];
      }
      for (var k = 0u; k < step; k++) {
        var parts = array<vec4f, 5>();
        for (var i = 0u; i < 5u; i++) { // unroll
          parts[i] = l[places[i] + k];
        }
        for (var i = 0u; i < 5u; i++) { // unroll
          for (var j = 0u; j < 4u; j++) { // unroll
            sums[i][j] -= dot(parts[i], parts[j]);
          }
        }
      }
      for (var j = 0u; j < 4u; j++) { // unroll
        let inside = 4u * step + j < dims.N;
        let pivot = sums[j][j];
        let defined = pivot > 0.0 || !inside;
        let factor = select(bitcast<f32>(dims.undefined_bits), 1.0 / sqrt(max(pivot, 1e-38)), defined);
        for (var i = j; i < 5u; i++) { // unroll
          sums[i][j] = select(sums[i][j] * factor, 0.0, !inside);
          for (var next = j + 1u; next < 4u; next++) { // unroll
            if (i >= next) {
              sums[i][next] -= sums[i][j] * sums[min(next, i)][j];
            }
          }
        }
      }
      let diagonal = min(row - min(row, 4u * step), 4u);
      l[places[4] + step] = select(select(sums[4], vec4f(), vec4u(0u, 1u, 2u, 3u) > vec4u(diagonal)), vec4f(), row < 4u * step);
    }
    storageBarrier();
  }
}
