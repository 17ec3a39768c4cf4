// A place is where draws stand in the random streams: (seed, step, item, listed). What is listed belongs to a fixed list,
// drawn under the list's own key, so that a new draw never repeats it; what is not is new at every step.
fn key_at(place: vec4u, key: u32, list_key: u32) -> u32 {
  return select(key, list_key, place.w == 1u);
}

fn bits_at(place: vec4u, key: u32, list_key: u32, index: u32) -> vec4u {
  return random_bits(place.x, key_at(place, key, list_key), place.y, place.z, index);
}
