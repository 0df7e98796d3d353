//! Arithmetic on the four bytes of a pixel at once.

/// Adds byte by byte, modulo 256.
///
/// Two bytes with a free byte above each are added at a time, so no carry reaches the next of them.
#[inline(always)]
pub(super) const fn add(a: u32, b: u32) -> u32 {
    (a & ODD).wrapping_add(b & ODD) & ODD | (a & EVEN).wrapping_add(b & EVEN) & EVEN
}

/// Half the sum, byte by byte, rounded down.
///
/// The sum is twice the bits that both have and once those that one has. Of these the lowest of each byte is dropped, and
/// so it does not move into the byte below.
#[inline(always)]
pub(super) const fn average(a: u32, b: u32) -> u32 {
    (a & b) + (((a ^ b) & 0xFEFE_FEFE) >> 1)
}

/// Adds green to red and blue, modulo 256.
#[inline(always)]
pub(super) const fn with_green(argb: u32) -> u32 {
    let green = argb >> 8 & 0xFF;
    argb & ODD | (argb & EVEN).wrapping_add(green << 16 | green) & EVEN
}

const EVEN: u32 = 0x00FF_00FF;
const ODD: u32 = 0xFF00_FF00;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn green_is_added_to_red_and_blue() {
        assert_eq!(with_green(0x1220_05FF), 0x1225_0504);
        assert_eq!(with_green(0x01FF_0200), 0x0101_0202);
    }

    #[test]
    fn bytes_are_added_and_averaged_on_their_own() {
        for a in 0..=255u32 {
            for b in 0..=255u32 {
                let (four, other) = (a * 0x0101_0101, (b * 0x0100_0100) | 0x00FF_0001);
                let [sum, half] = [add(four, other), average(four, other)].map(u32::to_le_bytes);
                for (i, b) in other.to_le_bytes().into_iter().enumerate() {
                    assert_eq!(u32::from(sum[i]), (a + u32::from(b)) & 0xFF);
                    assert_eq!(u32::from(half[i]), (a + u32::from(b)) / 2);
                }
            }
        }
    }
}
