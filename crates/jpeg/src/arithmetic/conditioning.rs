//! Keeps how the statistics of arithmetic coding are conditioned (ITU-T T.81 §§ B.2.4.3, F.1.4.4.1.2 and F.1.4.4.2).

/// The conditioning of each table. Without a segment of a table, its defaults hold.
#[derive(Clone, Copy)]
pub(crate) struct Conditioning {
    /// The bounds L and U of small DC differences, by the number of the table.
    pub(crate) dc: [(u8, u8); 16],
    /// The last zigzag index Kx of low frequencies, by the number of the table.
    pub(crate) ac: [u8; 16],
}

impl Default for Conditioning {
    fn default() -> Self {
        Self { dc: [(0, 1); 16], ac: [5; 16] }
    }
}

impl Conditioning {
    /// Reads the payload of a `DAC` segment: a class, 0 for DC and 1 for AC, with a number, then the value. The result is
    /// `None` for a damaged segment.
    ///
    /// As libjpeg does, numbers up to 15 are taken, of which T.81 knows four.
    pub(crate) fn read(&mut self, payload: &[u8]) -> Option<()> {
        let (entries, rest) = payload.as_chunks::<2>();
        for &[kind, value] in entries {
            let number = usize::from(kind & 15);
            match kind >> 4 {
                0 if value & 15 <= value >> 4 => self.dc[number] = (value & 15, value >> 4),
                1 => self.ac[number] = value,
                _ => return None,
            }
        }
        rest.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_sets_the_tables_that_it_names() {
        let mut conditioning = Conditioning::default();
        conditioning.read(&[0x01, 0x52, 0x13, 9]).unwrap();
        assert_eq!((conditioning.dc[0], conditioning.dc[1]), ((0, 1), (2, 5)));
        assert_eq!((conditioning.ac[0], conditioning.ac[3]), (5, 9));
    }

    #[test]
    fn an_unknown_class_bounds_that_cross_and_half_an_entry_are_damage() {
        for payload in [&[0x20, 0][..], &[0x00, 0x12], &[0x00]] {
            assert!(Conditioning::default().read(payload).is_none(), "{payload:?}");
        }
    }
}
