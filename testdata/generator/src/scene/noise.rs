//! Seeded noise from integer hashes and IEEE basic operations: the same on every machine.

/// A small seeded generator (SplitMix64).
pub(crate) struct Prng(u64);

impl Prng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((self.next_u64() >> 32) % u64::from(bound)) as u32
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next_u64() >> 56) as u8).collect()
    }
}

/// White noise at a lattice point, −1 to 1.
pub(crate) fn white(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed;
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^= h >> 15;
    (h >> 8) as f32 / 8_388_608.0 - 1.0
}

/// Lattice noise with smooth interpolation, −1 to 1.
fn smooth(x: f32, y: f32, seed: u32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (ease(x - x0), ease(y - y0));
    let (xi, yi) = (x0 as i32, y0 as i32);
    let top = mix(white(xi, yi, seed), white(xi + 1, yi, seed), fx);
    let bottom = mix(white(xi, yi + 1, seed), white(xi + 1, yi + 1, seed), fx);
    mix(top, bottom, fy)
}

/// `octaves` layers of [`smooth`] noise, each twice as fine and `gain` times as strong.
pub(crate) fn fractal(x: f32, y: f32, octaves: u32, gain: f32, seed: u32) -> f32 {
    let (mut sum, mut scale, mut strength) = (0.0, 1.0, 1.0);
    for octave in 0..octaves {
        sum += strength * smooth(x * scale, y * scale, seed.wrapping_add(octave * 7919));
        scale *= 2.0;
        strength *= gain;
    }
    sum
}

pub(crate) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}
