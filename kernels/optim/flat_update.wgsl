// parameters[i] ← change(parameters[i], gradients[i]) for every element i of a flat buffer
//
// An optimiser brings four functions: prepare computes what is the same for all elements of a replica, load and store move
// the state of four elements, change gives an element and updates its state if it is inside. One invocation per 4 QUADS
// neighbouring elements, all of one parameter: a block (R, perReplica). Elements between blocks stay as they are, zero.
const QUADS: u32 = 4u;
struct Dims { P: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> chunks: array<vec4u>;               // (K, 4)
@group(0) @binding(2) var<storage, read> hyper: array<vec4f>;                // (R, 16)
@group(0) @binding(3) var<storage, read> norm: array<f32>;                   // (R)
@group(0) @binding(4) var<storage, read> clock: array<u32>;                  // (3)
@group(0) @binding(5) var<storage, read> gradients: array<vec4f>;            // (P)
@group(0) @binding(6) var<storage, read_write> parameters: array<vec4f>;     // (P)

// Where an element lies: of which replica of a parameter, and its number there; flags are 1 if the parameter decays, plus
// twice the parameter's number.
struct Place { replica: u32, flags: u32, element: u32 }

// lr · schedule
fn learning_rate(r: u32) -> f32 {
  return hyper[4u * r].x * schedule_factor(hyper[4u * r + 1u], clock[0]);
}

// min(1, c / ‖g_r‖)
fn clip_factor(r: u32) -> f32 {
  let limit = hyper[4u * r].z;
  return select(1.0, limit / max(norm[r], 1e-37), norm[r] > limit);
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let first = (group_index(group, groups) * 64u + lane) * QUADS;
  if (4u * first >= dims.P) {
    return;
  }
  // (first element, elements per replica, elements, flags) of the block
  let chunk = chunks[first / 16u];
  let start = 4u * first - chunk.x;
  let end = min(start + 4u * QUADS, chunk.z);
  // One turn per replica, mostly one in all: software drivers execute both sides of a branch, so that nothing may be
  // computed anew from element to element.
  var next = start;
  for (var r = start / chunk.y; next < end; r++) {
    let stop = min(end, (r + 1u) * chunk.y);
    prepare(Place(r, chunk.w, start - r * chunk.y));
    for (var q = 0u; q < QUADS; q++) {
      let quad = first + q;
      // Elements before the replica's first have a number below 0, which wraps around.
      var place = Place(r, chunk.w, start + 4u * q - r * chunk.y);
      var p = parameters[quad];
      let g = gradients[quad];
      load(quad, place);
      for (var c = 0u; c < 4u; c++) { // unroll
        let at = start + 4u * q + c;
        let inside = at >= next && at < stop;
        p[c] = select(p[c], change(c, p[c], g[c], place, inside), inside);
        place.element += 1u;
      }
      store(quad);
      parameters[quad] = p;
    }
    next = stop;
  }
}
