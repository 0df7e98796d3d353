//! Writes the bits of HEVC parameter sets and slice heads (ITU-T H.265 § 7.2, § 9.2).

/// The bits of a NAL unit.
pub struct HevcBits(Vec<u8>, u32);

impl HevcBits {
    /// A NAL unit of a type, in the base layer.
    #[must_use]
    pub fn nal(kind: u8) -> Self {
        Self(vec![kind << 1, 1], 0)
    }

    /// Writes the lowest `count` bits of `value`.
    pub fn bits(&mut self, value: u32, count: u32) -> &mut Self {
        for i in (0..count).rev() {
            if self.1 == 0 {
                self.0.push(0);
                self.1 = 8;
            }
            self.1 -= 1;
            if let Some(last) = self.0.last_mut() {
                *last |= u8::from(value >> i & 1 == 1) << self.1;
            }
        }
        self
    }

    /// Writes ue(v).
    pub fn unsigned(&mut self, value: u32) -> &mut Self {
        let length = (value + 1).ilog2();
        self.bits(0, length).bits(value + 1, length + 1)
    }

    /// Writes se(v).
    pub fn signed(&mut self, value: i32) -> &mut Self {
        self.unsigned(if value > 0 { 2 * value.unsigned_abs() - 1 } else { 2 * value.unsigned_abs() })
    }

    /// Writes the stop bit, and zeros up to a whole byte.
    #[must_use]
    pub fn end(mut self) -> Vec<u8> {
        self.bits(1, 1);
        self.0
    }
}
